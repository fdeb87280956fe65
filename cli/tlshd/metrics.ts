/**
 * Counters for OpenTelemetry, by what Deno has of it: nothing is measured unless OTEL_DENO=true, and where it goes is
 * for the variables of OpenTelemetry to say, such as OTEL_EXPORTER_OTLP_ENDPOINT.
 *
 * @module
 */
import type { AgentEvent, AgentStatus } from "../../runtime/handshake/mod.ts";
import { errnoName } from "../../runtime/netlink/mod.ts";

type Attributes = { readonly [name: string]: string };

/** As much of OpenTelemetry's API as is used here: its types are in a package that nothing else needs. */
interface Meter {
  createCounter(name: string, options: object): { add(value: number, attributes: Attributes): void };
  createHistogram(name: string, options: object): { record(value: number, attributes: Attributes): void };
  createObservableGauge(name: string, options: object): {
    addCallback(callback: (result: { observe(value: number): void }) => void): void;
  };
}

/** Takes events, and counts them. */
export type Recorder = (event: AgentEvent) => void;

function openMeter(): Meter | undefined {
  if (!["true", "1"].includes(Deno.env.get("OTEL_DENO") ?? "")) return undefined;
  try {
    return Deno.telemetry.meterProvider.getMeter("tynl.tlshd") as Meter;
  } catch {
    return undefined;
  }
}

/** What counts events; undefined where nobody asks for it. `status` gives what is the case now. */
export function recorder(
  status: () => AgentStatus,
  meter: Meter | undefined = openMeter(),
): Recorder | undefined {
  if (meter === undefined) return undefined;
  const handshakes = meter.createCounter("tynl.tlshd.handshakes", {
    description: "handshakes that are over",
    unit: "{handshake}",
  });
  const rekeys = meter.createCounter("tynl.tlshd.rekeys", {
    description: "requests for new keys that are over",
    unit: "{rekey}",
  });
  const durations = meter.createHistogram("tynl.tlshd.duration", {
    description: "time from accept to done",
    unit: "ms",
  });
  const gauges: [string, (status: AgentStatus) => number][] = [
    ["tynl.tlshd.active", ({ active, waiting }) => active + waiting],
    ["tynl.tlshd.sessions", ({ sessions }) => sessions],
  ];
  for (const [name, of] of gauges) {
    meter.createObservableGauge(name, {}).addCallback((result) => result.observe(of(status())));
  }
  return (event) => {
    if (event.type !== "handshake" && event.type !== "rekey") return;
    const result = event.status === 0 ? "ok" : errnoName(event.status);
    const attributes = { role: event.role, result, suite: event.suite ?? "none" };
    if (event.type === "handshake") handshakes.add(1, { ...attributes, auth: event.auth });
    else rekeys.add(1, { ...attributes, request: event.request });
    durations.record(event.duration, { request: event.type, role: event.role, result });
  };
}
