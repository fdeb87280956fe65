/** What the guest is made of. A change here, in guest/init or of Deno's version gives another image. */

/** Which kernel the guest runs: Debian's newest, of trixie-backports, or the one of Debian stable. */
export type KernelChoice = "backports" | "stable";

/** Debian's suites by the kernel that they have. */
export const KERNEL_SUITES: Readonly<Record<KernelChoice, string>> = {
  backports: "trixie-backports",
  stable: "trixie",
};

/** The suite that everything but the kernel comes from. */
export const SUITE = "trixie";

/**
 * The kernel's package: the flavour for clouds has NVMe, ext4 and the serial console built in, so that it starts from
 * the disk without an initramfs.
 */
export const KERNEL_PACKAGE = "linux-image-cloud-amd64";

/** Packages of the guest, which come with all that they depend on. */
export const PACKAGES: readonly string[] = [
  ..."bash dash coreutils util-linux util-linux-extra mount kmod procps grep sed mawk findutils busybox-static"
    .split(" "),
  ..."libc6 libgcc-s1 libc-bin passwd keyutils openssl".split(" "),
  // What live tests compare with, and what takes captures.
  ..."iproute2 ethtool nftables conntrack iputils-ping wireguard-tools tcpdump".split(" "),
  // Consumers of the handshake agent.
  ..."nvme-cli nfs-kernel-server nfs-common".split(" "),
];

/** The kernel's C agent, and what it needs that is newer than in trixie: from sid, which moves. */
export const ORACLE_PACKAGES: readonly string[] = ["ktls-utils"];
/** What of the oracle's closure comes from sid; the rest stays trixie's. */
export const ORACLE_FROM_SID =
  "ktls-utils libgnutls30t64 libnl-3-200 libnl-genl-3-200 libnettle* libhogweed*";

/** Packages of the closure that only their maintainer scripts would need, which are not run. */
export const UNUSED: RegExp =
  /^(linux-|systemd|libsystemd-shared|perl-base|adduser|dpkg|debconf|sensible-utils|ucf|init-system-helpers|libpam-runtime|libtext-.*-perl|libsemanage|libsepol2|tar|dmsetup)/;

/** Folders of the guest that no test reads. */
export const UNREAD: readonly string[] = [
  ..."doc man locale info lintian bug bash-completion zsh perl5".split(" ").map((name) =>
    `usr/share/${name}`
  ),
  "usr/lib/python3",
];

/** Programs that busybox stands in for. */
export const BUSYBOX: readonly string[] = ["cmp", "diff", "vi", "less", "tar", "gzip", "nc", "syslogd"];
