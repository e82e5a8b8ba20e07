# SPDX-License-Identifier: Apache-2.0
# The bundle that tests start from: what an engine would ask for a plain container.
def caps: ["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
           "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"] | map("CAP_" + .);
def ns($types): $types | split(" ") | map({type: .});
def mnt($dest; $type; $source; $options):
    {destination: $dest, type: $type, source: $source, options: ($options | split(","))};
{
    ociVersion: "1.0.2",
    process: {
        terminal: false,
        user: {uid: 0, gid: 0},
        args: ["true"],
        env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
        cwd: "/",
        capabilities: {bounding: caps, effective: caps, permitted: caps},
        rlimits: [{type: "RLIMIT_NOFILE", soft: 1024, hard: 1024}],
        noNewPrivileges: true
    },
    root: {path: "rootfs"},
    hostname: "berth-test",
    mounts: [
        mnt("/proc"; "proc"; "proc"; "nosuid,noexec,nodev"),
        mnt("/dev"; "tmpfs"; "tmpfs"; "nosuid,strictatime,mode=755,size=65536k"),
        mnt("/dev/pts"; "devpts"; "devpts"; "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
        mnt("/dev/shm"; "tmpfs"; "shm"; "nosuid,noexec,nodev,mode=1777,size=65536k"),
        mnt("/dev/mqueue"; "mqueue"; "mqueue"; "nosuid,noexec,nodev"),
        mnt("/sys"; "sysfs"; "sysfs"; "nosuid,noexec,nodev,ro"),
        mnt("/sys/fs/cgroup"; "cgroup"; "cgroup"; "nosuid,noexec,nodev,relatime,ro")
    ],
    linux: {
        namespaces: ns("pid network ipc uts mount cgroup"),
        maskedPaths: ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                      "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
        readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
    }
}
