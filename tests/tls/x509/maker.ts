/**
 * Certificates and CRLs for tests, in which every field can be wrong. Written with @peculiar/asn1-x509, which has
 * nothing in common with the reader under test.
 */
import { createHash } from "node:crypto";
import { AsnSerializer, OctetString } from "@peculiar/asn1-schema";
import {
  AttributeTypeAndValue,
  AttributeValue,
  Extension,
  Extensions,
  Name,
  RelativeDistinguishedName,
  Time,
  Validity,
} from "@peculiar/asn1-x509";
import { sequence, tlv } from "./der.ts";
import { algorithmOf, type Key, type SignatureName, signWith } from "./keys.ts";

/** An extension of a test. */
export interface ExtensionSpec {
  readonly id: string;
  readonly critical?: boolean;
  readonly value: Uint8Array;
}

const attributeTypes: Readonly<Record<string, string>> = {
  CN: "2.5.4.3",
  C: "2.5.4.6",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  emailAddress: "1.2.840.113549.1.9.1",
};

/** A name from `O=Example,CN=x`; `PrintableString` or UTF8String for its values. */
export function nameOf(text: string, string: "utf8String" | "printableString" = "utf8String"): Name {
  const rdns = text === "" ? [] : text.split(",").map((part) => {
    const [type = "", value = ""] = part.split("=");
    const kind = type === "emailAddress" ? "ia5String" : string;
    return new RelativeDistinguishedName([
      new AttributeTypeAndValue({
        type: attributeTypes[type] ?? type,
        value: new AttributeValue({ [kind]: value }),
      }),
    ]);
  });
  return new Name(rdns);
}

/** The DER of an object of the library. */
export function derOf(object: unknown): Uint8Array {
  return new Uint8Array(AsnSerializer.serialize(object));
}

/** The key identifier of RFC 5280 section 4.2.1.2 (1), cut to 8 bytes. */
export function keyIdentifier(key: Key): Uint8Array {
  return new Uint8Array(createHash("sha1").update(key.info).digest()).subarray(0, 8);
}

/** A certificate that is to be made. */
export interface CertificateSpec {
  readonly subject: string | Name;
  readonly key: Key;
  readonly issuer: { readonly subject: string | Name; readonly key: Key };
  readonly extensions: readonly ExtensionSpec[];
  readonly signature?: SignatureName;
  /** 0 to 2, as it stands in the certificate. */
  readonly version?: number;
  readonly serial?: Uint8Array;
  readonly from?: Date;
  readonly to?: Date;
  /** The whole Validity. */
  readonly validity?: Uint8Array;
  /** SubjectPublicKeyInfo other than that of the key. */
  readonly info?: Uint8Array;
  /** The algorithm in the signed part, if it is to differ from the outer one. */
  readonly signedAlgorithm?: Uint8Array;
  /** Both algorithms, if they are to differ from those of the signature that is made. */
  readonly algorithm?: Uint8Array;
  /** Changes the signed part before it is signed. */
  readonly edit?: (tbs: Uint8Array) => Uint8Array;
  /** Changes the signature. */
  readonly editSignature?: (signature: Uint8Array) => Uint8Array;
  /** Changes the whole certificate. */
  readonly damage?: (der: Uint8Array) => Uint8Array;
}

/** The moment that tests take place at. */
export const NOW: Date = new Date("2026-06-15T12:00:00Z");

let lastSerial = 0;

/** A serial number that no other certificate of the run has. */
export function freshSerial(): Uint8Array {
  const serial = new Uint8Array(8);
  new DataView(serial.buffer).setUint32(4, ++lastSerial);
  serial[0] = 0x11;
  return serial;
}

function nameDer(of: string | Name): Uint8Array {
  return derOf(typeof of === "string" ? nameOf(of) : of);
}

/** UTCTime up to 2049 and GeneralizedTime after, as RFC 5280 section 4.1.2.5 wants it. */
function timeOf(time: Date): Time {
  return new Time(time.getUTCFullYear() < 2050 ? { utcTime: time } : { generalTime: time });
}

function extensionOf({ id, critical = false, value }: ExtensionSpec): Extension {
  return new Extension({ extnID: id, critical, extnValue: new OctetString(value) });
}

/** DER of Extensions. */
export function extensionsDer(extensions: readonly ExtensionSpec[]): Uint8Array {
  return derOf(new Extensions(extensions.map(extensionOf)));
}

function signatureBits(signature: Uint8Array): Uint8Array {
  return tlv(0x03, Uint8Array.of(0), signature);
}

/** Makes a certificate. */
export function makeCertificate(spec: CertificateSpec): Uint8Array {
  const signature = spec.signature ?? spec.issuer.key.signature;
  const algorithm = spec.algorithm ?? algorithmOf(signature);
  const version = spec.version ?? 2;
  const validity = new Validity({
    notBefore: timeOf(spec.from ?? new Date("2026-01-01T00:00:00Z")) as never,
    notAfter: timeOf(spec.to ?? new Date("2027-01-01T00:00:00Z")) as never,
  });
  const made = sequence(
    ...(version === 0 ? [] : [tlv(0xa0, tlv(0x02, Uint8Array.of(version)))]),
    tlv(0x02, spec.serial ?? freshSerial()),
    spec.signedAlgorithm ?? algorithm,
    nameDer(spec.issuer.subject),
    spec.validity ?? derOf(validity),
    nameDer(spec.subject),
    spec.info ?? spec.key.info,
    ...(spec.extensions.length === 0 ? [] : [tlv(0xa3, extensionsDer(spec.extensions))]),
  );
  const tbs = spec.edit?.(made) ?? made;
  const bytes = signWith(signature, tbs, spec.issuer.key.privateKey);
  const der = sequence(tbs, algorithm, signatureBits(spec.editSignature?.(bytes) ?? bytes));
  return spec.damage?.(der) ?? der;
}

/** A CRL that is to be made. */
export interface CrlSpec {
  readonly issuer: { readonly subject: string | Name; readonly key: Key };
  readonly signature?: SignatureName;
  /** Serial numbers, each with extensions of its entry. */
  readonly revoked?: readonly { serial: Uint8Array; extensions?: readonly ExtensionSpec[] }[];
  readonly from?: Date;
  /** `null` leaves it out. */
  readonly to?: Date | null;
  /** 1, or `null` to leave it out: version 1. */
  readonly version?: number | null;
  readonly extensions?: readonly ExtensionSpec[];
  readonly editSignature?: (signature: Uint8Array) => Uint8Array;
  readonly damage?: (der: Uint8Array) => Uint8Array;
}

/** Makes a CRL. */
export function makeCrl(spec: CrlSpec): Uint8Array {
  const signature = spec.signature ?? spec.issuer.key.signature;
  const algorithm = algorithmOf(signature);
  const from = spec.from ?? new Date("2026-06-01T00:00:00Z");
  const to = spec.to === undefined ? new Date("2026-07-01T00:00:00Z") : spec.to;
  const entries = spec.revoked?.map(({ serial, extensions = [] }) =>
    sequence(
      tlv(0x02, serial),
      derOf(timeOf(from)),
      ...(extensions.length === 0 ? [] : [extensionsDer(extensions)]),
    )
  );
  const extensions = spec.extensions ?? [{ id: "2.5.29.20", value: tlv(0x02, Uint8Array.of(1)) }];
  const version = spec.version === undefined ? 1 : spec.version;
  const tbs = sequence(
    ...(version === null ? [] : [tlv(0x02, Uint8Array.of(version))]),
    algorithm,
    nameDer(spec.issuer.subject),
    derOf(timeOf(from)),
    ...(to === null ? [] : [derOf(timeOf(to))]),
    ...(entries === undefined ? [] : [sequence(...entries)]),
    ...(extensions.length === 0 ? [] : [tlv(0xa0, extensionsDer(extensions))]),
  );
  const bytes = signWith(signature, tbs, spec.issuer.key.privateKey);
  const der = sequence(tbs, algorithm, signatureBits(spec.editSignature?.(bytes) ?? bytes));
  return spec.damage?.(der) ?? der;
}
