/**
 * The handshake agent: does for consumers in the kernel (NVMe over TCP, NFS) what they cannot do themselves, TLS 1.3
 * handshakes and the key changes after them. The kernel asks through the `handshake` family; the agent accepts, makes
 * the handshake on the socket that it is handed, turns it over to kernel TLS, and reports.
 *
 * @module
 */
export { createAgent } from "./agent.ts";
export type { Connections } from "./connections.ts";
export { Errno, errnoOf, errnoOfAlert, RequestError } from "./errno.ts";
export { kernelConnections } from "./kernel_connections.ts";
export { kernelKeys } from "./kernel_keys.ts";
export { kernelRecords } from "./kernel_records.ts";
export type { KeyDescription, KeyStore, Serial } from "./keys.ts";
export type { ArmOptions, RecordLayer, RecordLayerSupport } from "./record_layer.ts";
export type {
  Agent,
  AgentClock,
  AgentEvent,
  AgentLimits,
  AgentOptions,
  AgentStatus,
  AuthMode,
  DecisionEvent,
  DrainingEvent,
  FaultEvent,
  HandshakeEvent,
  Outcome,
  RekeyEvent,
  ReloadedEvent,
  ReloadOptions,
  RolePolicy,
  ServerPolicy,
  SessionLostEvent,
  SessionOptions,
  SessionRemovedEvent,
  StartedEvent,
  StoppedEvent,
  TlsPolicy,
} from "./types.ts";
