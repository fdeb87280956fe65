/**
 * Byte offsets of an extended ack as paths of spec names: `.linkinfo.data(vlan).id`. The request is walked along
 * the family's spec, down to the attribute at the offset.
 *
 * @module
 */
import {
  attributesIn,
  type FamilyMeta,
  findAttribute,
  type MessageFormat,
  messageScope,
  NLMSG_HDRLEN,
  type Scope,
  scopeInside,
} from "../wire/mod.ts";

/** A request as it was sent, and what it was. */
export interface SentRequest {
  /** The whole message, from its header on. */
  bytes: Uint8Array;
  /** Netlink protocol: after the message header, NETLINK_GENERIC (16) has one of its own. */
  protocol: number;
  /** The operation. */
  format: MessageFormat;
}

/**
 * Path of the attribute at `offset`, with names of the spec, elements of arrays by their position (`[1]`), and the
 * format of a sub-message in brackets (`(vlan)`). An attribute that the spec does not list is shown by its id.
 * `undefined` if there is no attribute at the offset.
 */
export function attributePath(request: SentRequest, offset: number, meta: FamilyMeta): string | undefined {
  return attributeAt(request, offset, meta)?.path;
}

/**
 * Path of the attribute with the id `type` that is missing from the nest at `nest`, or from the message itself if
 * that is `undefined`.
 */
export function missingPath(
  request: SentRequest,
  type: number,
  nest: number | undefined,
  meta: FamilyMeta,
): string | undefined {
  const found = nest === undefined
    ? { path: "", inside: topScope(request, meta) }
    : attributeAt(request, nest, meta);
  if (found === undefined) return undefined;
  const [name] = findAttribute(found.inside?.set, type);
  return `${found.path}.${name}`;
}

interface Found {
  path: string;
  inside?: Scope | undefined;
}

function topScope({ bytes, protocol, format }: SentRequest, meta: FamilyMeta): Scope {
  return messageScope(bytes, protocol, format, meta);
}

function attributeAt(request: SentRequest, offset: number, meta: FamilyMeta): Found | undefined {
  const { bytes } = request;
  let scope: Scope | undefined = topScope(request, meta);
  let found: Found | undefined;
  if (offset >= NLMSG_HDRLEN && offset < scope.start) return { path: ".header" };
  while (scope !== undefined) {
    const level: Scope = scope;
    const attribute = attributesIn(bytes, level).find(({ start, end }) => offset >= start && offset < end);
    if (attribute === undefined) return found;
    const { name, occurrence } = attribute;
    const inside = scopeInside(bytes, level, attribute, meta);
    const path = [
      found?.path ?? "",
      level.element === undefined ? `.${name}` : name,
      occurrence === undefined ? "" : `[${occurrence}]`,
      inside?.format === undefined ? "" : `(${inside.format})`,
    ];
    found = { path: path.join(""), inside };
    scope = attribute.start === offset ? undefined : inside;
  }
  return found;
}
