/** Acknowledgements in words: errors and warnings with the names of the spec. @module */
import type { Family, FamilyMeta } from "../wire/mod.ts";
import { attributePath, missingPath, type SentRequest } from "./attribute_path.ts";
import { NetlinkError, type Refusal } from "./errors.ts";
import type { Acknowledgement, ExtendedAck } from "./extack.ts";

/** What the kernel says about a request that it carried out. */
export interface NetlinkWarning {
  /** Name of the family. */
  family: string;
  /** Name of the operation in the spec. */
  operation: string;
  /** The kernel's words; `undefined` if it only sent data. */
  message: string | undefined;
  /** Attribute that it is about, such as `.linkinfo.data(vlan).id`; `undefined` if it names none. */
  attribute: string | undefined;
  /** What the kernel said, as it came. */
  extack: ExtendedAck;
}

/** The error for a request that was refused. The names of the spec are loaded only now. */
export async function refusalOf(
  family: Family,
  request: SentRequest,
  acknowledgement: Acknowledgement,
): Promise<NetlinkError> {
  return new NetlinkError(await describe(family, request, acknowledgement));
}

/** The warning that came with a success. */
export async function warningOf(
  family: Family,
  request: SentRequest,
  extack: ExtendedAck,
): Promise<NetlinkWarning> {
  const { operation, attribute, missing } = await describe(family, request, { errno: 0, extack });
  return { family: family.name, operation, message: extack.message, attribute: attribute ?? missing, extack };
}

async function describe(
  family: Family,
  request: SentRequest,
  { errno, extack }: Acknowledgement,
): Promise<Refusal> {
  const refusal: Refusal = { family: family.name, operation: request.format.name, errno };
  if (extack === undefined) return refusal;
  refusal.extack = extack;
  if (extack.offset === undefined && extack.missingType === undefined) return refusal;
  let meta: FamilyMeta;
  try {
    meta = await family.meta();
  } catch {
    // The kernel's answer matters more than the names in it.
    return refusal;
  }
  if (extack.offset !== undefined) {
    const path = attributePath(request, extack.offset, meta);
    if (path !== undefined) refusal.attribute = path;
  }
  if (extack.missingType !== undefined) {
    const path = missingPath(request, extack.missingType, extack.missingNest, meta);
    if (path !== undefined) refusal.missing = path;
  }
  return refusal;
}
