/** One start of the virtual machine: qemu emulates it, so that no right and no hardware of the host is needed. */
import type { Image } from "./image.ts";
import { lines } from "./lines.ts";
import { call, makeDisk, sizeOf, toolPath } from "./tools.ts";

/** How to start the machine. */
export interface BootOptions {
  /** What to start. */
  image: Image;
  /** The folder that the guest sees as /payload. */
  payload: string;
  /** An existing folder for what comes back: console.log, report.tap, and what the guest left in /tmp/out. */
  output: string;
  /** After so many seconds the machine is switched off. */
  limit: number;
  /** Ends the machine early. */
  signal?: AbortSignal;
  /** Called with each line of the report, when it comes. */
  onLine: (line: string) => void;
}

/** How a run of the machine ended. */
export interface Boot {
  /** Seconds from the start of qemu until userland was up; undefined if it never was. */
  ready: number | undefined;
  /** Seconds from start to end. */
  took: number;
  /** Exit status of the suite's script; undefined if it did not end. */
  exit: number | undefined;
  /** All lines of the report. */
  report: string[];
  /** Whether the limit ended it. */
  timedOut: boolean;
}

/**
 * Of the emulated processor: all it can, but for the instruction cmpxchg16b, with which Linux 6.12 has crashed under
 * qemu 7.2 in every other start, and for the promise (ERMS) that a string instruction is the fastest way to copy: qemu
 * takes a turn for each byte.
 */
const CPU = "max,-cx16,-erms";

/**
 * A crash ends the machine (panic=-1 with -no-reboot) rather than hang it. What is only slow is no defect: watchdogs
 * that measure time are off. Programs are at the same addresses in each process: what qemu has translated for one it has
 * then for all, and Deno starts four times as fast.
 */
const COMMAND_LINE = [
  "console=ttyS0 panic=-1 loglevel=5 root=/dev/nvme0n1 rootfstype=ext4 rw init=/init",
  "mitigations=off audit=0 no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1 net.ifnames=0",
  "null_blk.nr_devices=0 norandmaps",
].join(" ");

/**
 * One processor: with several, qemu before 8.1 may keep what it translated of code that another one was changing. Linux
 * changes its own when a static key is switched, and dies of the breakpoint that it meets then ("Oops: int3"), in one
 * start of a hundred.
 */
function hardware(image: Image, disk: string, files: string): string[] {
  return [
    ...["-accel", "tcg,tb-size=512", "-cpu", CPU, "-m", "2048"],
    ...["-kernel", image.kernel, "-append", COMMAND_LINE, "-no-reboot", "-nic", "none"],
    ...["-drive", `file=${image.root},if=none,id=root,format=raw,snapshot=on`],
    ...["-device", "nvme,serial=root,drive=root"],
    ...["-drive", `file=${disk},if=none,id=payload,format=raw,readonly=on`],
    ...["-device", "virtio-blk-pci,drive=payload", "-device", "virtio-serial-pci"],
    ...["-chardev", `file,id=files,path=${files}`, "-device", "virtserialport,chardev=files,name=files"],
    ...["-device", "virtserialport,chardev=report,name=report", "-display", "none", "-monitor", "none"],
  ];
}

/** Runs the suite that is in the payload, to its end or to the limit. */
export async function boot({ image, payload, output, limit, signal, onLine }: BootOptions): Promise<Boot> {
  const work = await Deno.makeTempDir({ prefix: "tynl-vm-" });
  try {
    const disk = await payloadDisk(payload, work);
    const files = `${work}/files.tar`;
    const start = performance.now();
    const elapsed = () => (performance.now() - start) / 1000;
    const deadline = AbortSignal.timeout(limit * 1000);
    const qemu = new Deno.Command(toolPath("qemu-system-x86_64"), {
      args: [
        ...hardware(image, disk, files),
        ...["-chardev", "stdio,id=report,signal=off", "-serial", `file:${output}/console.log`],
      ],
      // Of a closed one qemu would think that nobody reads the report.
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    }).spawn();
    const complaints = new Response(qemu.stderr).text();
    const result: Boot = { ready: undefined, took: 0, exit: undefined, report: [], timedOut: false };
    for await (const line of lines(qemu.stdout)) {
      result.report.push(line);
      if (line.startsWith("# ready ")) result.ready ??= elapsed();
      const exit = /^# exit (\d+) /.exec(line)?.[1];
      if (exit !== undefined) result.exit = Number(exit);
      onLine(line);
    }
    await Promise.all([qemu.status, qemu.stdin.close().catch(() => {})]);
    result.timedOut = deadline.aborted;
    result.took = elapsed();
    await Deno.writeTextFile(`${output}/report.tap`, result.report.join("\n") + "\n");
    const complaint = await complaints;
    if (complaint !== "") await Deno.writeTextFile(`${output}/qemu.log`, complaint);
    await call("tar", ["xf", files, "-C", output, "--no-same-owner"], ".").catch(() => {});
    return result;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Starts the machine with its console on this terminal, and a shell there. */
export async function shell(image: Image, payload: string): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "tynl-vm-" });
  try {
    await Deno.writeTextFile(`${payload}/shell`, "");
    const disk = await payloadDisk(payload, work);
    const report = ["-chardev", `file,id=report,path=${work}/report.tap`, "-serial", "stdio"];
    await new Deno.Command(toolPath("qemu-system-x86_64"), {
      args: [...hardware(image, disk, `${work}/files.tar`), ...report],
    }).spawn().status;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function payloadDisk(payload: string, work: string): Promise<string> {
  const disk = `${work}/payload.ext4`;
  await makeDisk(payload, disk, Math.ceil(sizeOf(payload) / 2 ** 20 * 1.5) + 16);
  return disk;
}
