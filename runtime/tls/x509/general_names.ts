/** GeneralName (RFC 5280 section 4.2.1.6): what subject alternative names and name constraints are made of. @module */
import { type DerReader, type Element, readOnly, Tag } from "./der.ts";
import { CertificateError } from "./errors.ts";
import { decodeAscii, type Name, readName } from "./names.ts";

/** A name of one of the forms that path validation knows, or of another one. */
export type GeneralName =
  | { readonly form: "dns" | "email" | "uri"; readonly value: string }
  /** 4 or 16 bytes; in a name constraint 8 or 32, an address and a mask. */
  | { readonly form: "ip"; readonly value: Uint8Array }
  | { readonly form: "directory"; readonly value: Name }
  /** `otherName`, `x400Address`, `ediPartyName` or `registeredID`: known by the tag alone. */
  | { readonly form: "other"; readonly tag: number };

const textForms: Readonly<Record<number, "email" | "dns" | "uri">> = {
  0x81: "email",
  0x82: "dns",
  0x86: "uri",
};
const otherTags: readonly number[] = [0xa0, 0xa3, 0xa5, 0x88];

/** Reads one name. Control characters in text are refused: a NUL in a host name has only ever been an attack. */
export function readGeneralName(reader: DerReader): GeneralName {
  return decodeGeneralName(reader.any());
}

function decodeGeneralName({ tag, content, whole }: Element): GeneralName {
  const form = textForms[tag];
  if (form !== undefined) {
    const value = decodeAscii(content, `${form} name`);
    // deno-lint-ignore no-control-regex -- they are what is looked for
    if (/[\x00-\x1f\x7f]/.test(value)) {
      throw new CertificateError("malformed", `control character in a name of the form ${form}`);
    }
    return { form, value };
  }
  if (tag === 0x87) return { form: "ip", value: content };
  if (tag === 0xa4) {
    const reader = readOnly(whole, tag, "directory name");
    const value = readName(reader);
    reader.end();
    return { form: "directory", value };
  }
  if (otherTags.includes(tag)) return { form: "other", tag };
  throw new CertificateError("malformed", "unknown form of a general name");
}

/** Reads the GeneralNames of a subject alternative name: at least one, addresses of 4 or 16 bytes. */
export function readGeneralNames(reader: DerReader): GeneralName[] {
  const names: GeneralName[] = [];
  for (const item of reader.list(Tag.sequence)) {
    const name = readGeneralName(item);
    if (name.form === "ip" && name.value.length !== 4 && name.value.length !== 16) {
      throw new CertificateError("malformed", "IP address of neither 4 nor 16 bytes");
    }
    names.push(name);
  }
  return names;
}
