/** Extensions of test certificates, right and wrong (RFC 5280 section 4.2.1). */
import { BasicConstraints, ExtendedKeyUsage, GeneralName } from "@peculiar/asn1-x509";
import { ascii, oid, sequence, tlv } from "./der.ts";
import type { Key } from "./keys.ts";
import { derOf, type ExtensionSpec, keyIdentifier, nameOf } from "./maker.ts";

export const Id = {
  ski: "2.5.29.14",
  ku: "2.5.29.15",
  san: "2.5.29.17",
  bc: "2.5.29.19",
  nc: "2.5.29.30",
  policies: "2.5.29.32",
  mappings: "2.5.29.33",
  aki: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  eku: "2.5.29.37",
  inhibitAny: "2.5.29.54",
} as const;

/** Names by their forms: `dns:`, `email:`, `uri:`, `ip:` (hex), `dir:` (a name), `rid:` (an identifier). */
export type NameText = `${"dns" | "email" | "uri" | "ip" | "dir" | "rid" | "other"}:${string}`;

/** DER of a GeneralName. Text forms are written by hand: the library would refuse bad ones. */
export function generalName(text: NameText): Uint8Array {
  const at = text.indexOf(":");
  const value = text.slice(at + 1);
  switch (text.slice(0, at)) {
    case "email":
      return ascii(0x81, value);
    case "dns":
      return ascii(0x82, value);
    case "uri":
      return ascii(0x86, value);
    case "dir":
      return derOf(new GeneralName({ directoryName: nameOf(value) }));
    case "rid":
      return derOf(new GeneralName({ registeredID: value }));
    case "other":
      return tlv(0xa0, oid(value), tlv(0xa0, ascii(0x0c, "x")));
    default:
      return tlv(0x87, Uint8Array.from(value.match(/../g) ?? [], (pair) => parseInt(pair, 16)));
  }
}

export function subjectAltName(names: readonly NameText[], critical = false): ExtensionSpec {
  return { id: Id.san, critical, value: sequence(...names.map(generalName)) };
}

export function basicConstraints(ca: boolean, pathLength?: number, critical = true): ExtensionSpec {
  const value = new BasicConstraints({
    cA: ca,
    ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
  });
  return { id: Id.bc, critical, value: derOf(value) };
}

const usageBits = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
];

/** Bits by their names; those of the first byte are all that is needed. */
export function keyUsage(...usages: string[]): ExtensionSpec {
  const names = [...usageBits, "keyCertSign", "cRLSign"];
  const byte = usages.reduce((sum, usage) => sum | 0x80 >> names.indexOf(usage), 0);
  const unused = byte === 0 ? 0 : 31 - Math.clz32(byte & -byte);
  return { id: Id.ku, critical: true, value: tlv(0x03, Uint8Array.of(unused, byte)) };
}

export const Purpose = {
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
  code: "1.3.6.1.5.5.7.3.3",
  any: "2.5.29.37.0",
} as const;

export function extendedKeyUsage(...purposes: (keyof typeof Purpose)[]): ExtensionSpec {
  return { id: Id.eku, value: derOf(new ExtendedKeyUsage(purposes.map((name) => Purpose[name]))) };
}

export function subjectKeyIdentifier(key: Key): ExtensionSpec {
  return { id: Id.ski, value: tlv(0x04, keyIdentifier(key)) };
}

export function authorityKeyIdentifier(key: Key): ExtensionSpec {
  return { id: Id.aki, value: sequence(tlv(0x80, keyIdentifier(key))) };
}

/** Bases that the library would not write are given as names above. */
export function nameConstraints(
  permitted: readonly NameText[],
  excluded: readonly NameText[] = [],
): ExtensionSpec {
  const subtrees = (tag: number, names: readonly NameText[]) =>
    names.length === 0 ? [] : [tlv(tag, ...names.map((name) => sequence(generalName(name))))];
  return {
    id: Id.nc,
    critical: true,
    value: sequence(...subtrees(0xa0, permitted), ...subtrees(0xa1, excluded)),
  };
}

export function policies(...ids: string[]): ExtensionSpec {
  return { id: Id.policies, value: sequence(...ids.map((id) => sequence(oid(id)))) };
}

export function policyMappings(...pairs: [string, string][]): ExtensionSpec {
  return {
    id: Id.mappings,
    critical: true,
    value: sequence(...pairs.map(([issuer, subject]) => sequence(oid(issuer), oid(subject)))),
  };
}

export function policyConstraints(
  { explicit, mapping }: { explicit?: number; mapping?: number },
): ExtensionSpec {
  const field = (tag: number, value: number | undefined) =>
    value === undefined ? [] : [tlv(tag, Uint8Array.of(value))];
  return {
    id: Id.policyConstraints,
    critical: true,
    value: sequence(...field(0x80, explicit), ...field(0x81, mapping)),
  };
}

export function inhibitAnyPolicy(skip: number): ExtensionSpec {
  return { id: Id.inhibitAny, critical: true, value: tlv(0x02, Uint8Array.of(skip)) };
}

/** The list with these in the place of those of the same identifiers, or behind them. */
export function replace(
  list: readonly ExtensionSpec[],
  others: readonly ExtensionSpec[] = [],
  drop: readonly string[] = [],
): ExtensionSpec[] {
  const gone = new Set([...drop, ...others.map(({ id }) => id)]);
  return [...list.filter(({ id }) => !gone.has(id)), ...others];
}
