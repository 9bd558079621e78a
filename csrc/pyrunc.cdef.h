/* SPDX-License-Identifier: Apache-2.0 */
/* Every type and function that Python and C share. cffi and the compiler read this same file, so it holds no preprocessor
 * lines: enums, structs and prototypes only. */

/* ---- errors ------------------------------------------------------------------------------------------------------- */

/* Filled by a failing function and untouched otherwise. The functions return 0 (or a descriptor) on success, -1 on failure. */
struct pr_error {
	int32_t errnum;    /* errno of the call that failed */
	uint32_t step;     /* enum pr_step: which call of the function it was */
	char detail[120];  /* kernel's own words (fsopen's log) or the path component; empty when there is nothing to add */
};

/* Which system call (or check) failed; plan/explain.py holds one phrase for each. */
enum pr_step {
	PR_STEP_NONE,
	PR_STEP_PLAN,            /* the plan is malformed */
	PR_STEP_MEMFD,
	PR_STEP_SEAL,
	PR_STEP_CLONE,
	PR_STEP_EXEC,
	PR_STEP_SOCKET,
	PR_STEP_PEER_GONE,       /* the other side of the socket died */
	PR_STEP_OPEN,
	PR_STEP_OPEN_SOURCE,
	PR_STEP_OPEN_TARGET,
	PR_STEP_CREATE_TARGET,
	PR_STEP_READ,
	PR_STEP_WRITE,
	PR_STEP_STAT,
	PR_STEP_SETNS,
	PR_STEP_UNSHARE,
	PR_STEP_FSOPEN,
	PR_STEP_FSCONFIG,
	PR_STEP_FSMOUNT,
	PR_STEP_OPEN_TREE,
	PR_STEP_MOVE_MOUNT,
	PR_STEP_MOUNT_SETATTR,
	PR_STEP_MOUNT,
	PR_STEP_UMOUNT,
	PR_STEP_PIVOT_ROOT,
	PR_STEP_CHROOT,
	PR_STEP_CHDIR,
	PR_STEP_GETCWD,
	PR_STEP_CWD_OUTSIDE,     /* cwd is not below the container's root */
	PR_STEP_MKNOD,
	PR_STEP_CHMOD,
	PR_STEP_CHOWN,
	PR_STEP_SYMLINK,
	PR_STEP_MISMATCH,        /* a file is there and is not what was asked for */
	PR_STEP_NOT_DIRECTORY,   /* a proc or sysfs target must be a plain directory */
	PR_STEP_ON_ROOT,         /* a mount would cover the root itself */
	PR_STEP_FORBIDDEN_PROC,  /* a mount inside /proc that is not on the allowed list */
	PR_STEP_LOCKED,          /* a locked mount flag cannot be cleared */
	PR_STEP_SETHOSTNAME,
	PR_STEP_SETDOMAINNAME,
	PR_STEP_NETLINK,
	PR_STEP_IOCTL,
	PR_STEP_SETRLIMIT,
	PR_STEP_SETGROUPS,
	PR_STEP_SETGID,
	PR_STEP_SETUID,
	PR_STEP_CAPBSET,
	PR_STEP_CAPSET,
	PR_STEP_PRCTL,
	PR_STEP_KEYCTL,
	PR_STEP_SCHED,
	PR_STEP_IOPRIO,
	PR_STEP_MEMPOLICY,
	PR_STEP_PERSONALITY,
	PR_STEP_AFFINITY,
	PR_STEP_SECCOMP,
	PR_STEP_PTMX,            /* /dev/pts/ptmx is not a pty multiplexer */
	PR_STEP_SETSID,
	PR_STEP_LOOKUP,          /* the program was not found in PATH */
	PR_STEP_ACCESS,          /* the program is there and may not be executed */
	PR_STEP_IS_DIRECTORY,
	PR_STEP_FIFO,
	PR_STEP_HOOK_EXIT,       /* errnum is the wait status */
	PR_STEP_HOOK_TIMEOUT,
	PR_STEP_NOT_PROCFS,      /* the procfs handle is not procfs */
	PR_STEP_DEAD,            /* the process ended */
	PR_STEP_CHECKSUM,
	PR_STEP_PIDFD_GETFD,
	PR_STEP_SETXATTR,
	PR_STEP_COUNT
};

/* ---- the plan ----------------------------------------------------------------------------------------------------- */

enum { PR_PLAN_VERSION = 1 };

/* One action of the init stage. s[] are offsets into the string area (0 = absent), n[] are numbers; what each means stands
 * beside the code. "block" = n NUL-terminated strings one after another; "blob" = bytes, 8-aligned. */
struct pr_op {
	uint32_t code;
	uint32_t flags;
	uint32_t s[4];
	uint64_t n[5];
};

struct pr_plan {
	char magic[8];      /* "PYRUNCP" */
	uint32_t version;   /* PR_PLAN_VERSION */
	uint32_t size;      /* of the whole buffer, bytes */
	uint32_t op_count;
	uint32_t str_off;   /* of the string area; ops begin right behind this header */
	uint32_t str_size;
	uint32_t trace;     /* 1 + the descriptor of memory for struct pr_trace_op, one an op (trace.c); 0 = not wanted */
};

/* Moments of an op in nanoseconds of CLOCK_MONOTONIC; 0 = did not come. The waits are those for the parent's answer. */
enum pr_trace_moment { PR_TRACE_BEGIN, PR_TRACE_WAIT, PR_TRACE_WOKEN, PR_TRACE_END, PR_TRACE_MOMENTS };

struct pr_trace_op {
	uint64_t at[4];     /* PR_TRACE_MOMENTS */
};

enum pr_op_code {
	PR_OP_NONE,
	/* entering */
	PR_OP_JOIN,              /* n0 fd of a namespace, n1 CLONE_NEW* mask; flags PR_JOIN_PROCESS: of a process (handle.h) */
	PR_OP_UNSHARE,           /* n0 CLONE_NEW* mask */
	PR_OP_WRITE_SELF,        /* s0 file below /proc/self, s1 text: timens_offsets, oom_score_adj, attr/...; flags PR_WRITE_SELF_DUMPABLE */
	PR_OP_FORK,              /* n0 CLONE_NEW* mask: go on as a sibling in these new namespaces */
	PR_OP_SYNC,              /* n0 enum pr_sync: tell the parent, wait for its answer */
	PR_OP_SET_IDS,           /* n0 uid, n1 gid: become them before set-up (root of a user namespace) */
	PR_OP_PROCFS,            /* n0 1 = needs the full tree as well (sysctl): make the private procfs handle */
	PR_OP_LOOPBACK,          /* set up lo */
	PR_OP_HOSTNAME,          /* s0 */
	PR_OP_DOMAINNAME,        /* s0 */
	PR_OP_KEYRING,           /* s0 name of the new session keyring */
	/* root filesystem */
	PR_OP_PROPAGATION,       /* n0 MS_* propagation flags, applied to "/" */
	PR_OP_ROOTFS,            /* s0 host path, n0 index among the fds of PR_SYNC_SOURCES or UINT64_MAX: clone it, attach it on itself, keep it as root */
	PR_OP_NULL,              /* keep a clone of the host's /dev/null, verified 1:3, for masking */
	PR_OP_MOUNT,             /* s0 fstype, s1 source, s2 target, s3 block of data options (n4 many),
	                            n0 MOUNT_ATTR_* to set (recursive ones << 32), n1 to clear (likewise), n2 propagation
	                            (PR_PROPAGATION_MAX), n3 mode of a missing target << 32 | SB_* (MS_*) flags; flags PR_MOUNT_* */
	PR_OP_BIND,              /* s1 source, s2 target, n0, n1, n2 as MOUNT, n3 index among the fds of PR_SYNC_SOURCES or UINT64_MAX;
	                            flags PR_MOUNT_* */
	PR_OP_SETATTR,           /* s2 target, n0 attr set, n1 attr clear, n2 propagation; flags PR_MOUNT_RECURSIVE */
	PR_OP_REMOUNT,           /* s2 target, s3 block of data (n4 many), n0, n1, n3 as MOUNT: reconfigure an existing mount */
	PR_OP_LABEL,             /* s0 path in the root, s1 SELinux label: of a file system's root that takes no context= (mqueue) */
	PR_OP_MKDIR,             /* s0 path in the root, n0 mode: with its parents; there already is fine */
	PR_OP_DEVICE,            /* s0 path in the root, s1 host path to bind instead of mknod or absent, n0 mode with type bits,
	                            n1 dev_t, n2 uid, n3 gid */
	PR_OP_SYMLINK,           /* s0 link text, s1 path in the root, s2 path in the root that must exist or absent; existing is fine */
	PR_OP_UNLINK,            /* s0 path in the root; missing is fine */
	PR_OP_PIVOT,             /* pivot_root into root, detach the old one */
	PR_OP_MOVE_ROOT,         /* --no-pivot: cover proc and sys outside s0 (the rootfs' host path), MS_MOVE root to "/", chroot */
	PR_OP_CHROOT,            /* no mount namespace: chroot into s0 */
	PR_OP_ROOT_READONLY,     /* set MOUNT_ATTR_RDONLY on "/" */
	PR_OP_MASK,              /* s0 path, s1 option that labels the empty directory ("context=...") or absent */
	PR_OP_READONLY,          /* s0 path */
	PR_OP_SYSCTL,            /* s0 path below /proc/sys, s1 value */
	/* process */
	PR_OP_CONSOLE,           /* make a pty in /dev/pts, send its master to the parent; n0 rows, n1 columns, n2 uid, n3 gid;
	                            flags PR_CONSOLE_BIND: bind it on /dev/console */
	PR_OP_SCHED,             /* n0 policy, n1 flags, n2 nice (int32) and priority<<32, s0 blob of three u64: runtime, deadline, period (ns) */
	PR_OP_IOPRIO,            /* n0 class<<13|prio */
	PR_OP_MEMPOLICY,         /* n0 mode with flags, s0 blob of node mask, n1 bits */
	PR_OP_PERSONALITY,       /* n0 */
	PR_OP_AFFINITY,          /* s0 blob of the cpu mask, n0 bytes */
	PR_OP_UMASK,             /* n0 */
	PR_OP_CWD,               /* s0 path: chdir now (EACCES is retried by PR_OP_CWD_CHECK) */
	PR_OP_CWD_CHECK,         /* s0 path: chdir again where the first was refused, prove that cwd lies inside the root */
	PR_OP_STDIO,             /* n0 uid: give 0, 1, 2 to it; those that are the host's /dev/null become the container's */
	PR_OP_NO_NEW_PRIVS,
	PR_OP_BOUNDING,          /* n0 mask of capabilities to keep in the bounding set */
	PR_OP_USER,              /* n0 uid, n1 gid, s0 blob of u32 groups, n2 how many; flags PR_USER_KEEP_CAPS, PR_USER_NO_SETGROUPS */
	PR_OP_CAPS,              /* n0 effective, n1 permitted, n2 inheritable, n3 ambient */
	PR_OP_SECCOMP,           /* load the filter that came with PR_SYNC_SECCOMP; n0 flags; flags PR_SECCOMP_LISTENER: send the fd,
	                            PR_SECCOMP_FETCHED: say its number before, the parent takes it */
	PR_OP_ENV_HOME,          /* s0 block of env (n0 many), s1 args block (n1 many), n2 uid: keep them; add HOME from /etc/passwd when missing */
	PR_OP_LISTEN_PID,        /* put LISTEN_PID=<own pid> into the env kept by PR_OP_ENV_HOME */
	PR_OP_LOOKUP,            /* find args[0] by the env's PATH */
	PR_OP_HOOK,              /* s0 path, s1 block: args (n0 many) then env (n1 many), s2 state JSON before the pid, s3 after it,
	                            n2 timeout in seconds or 0, n3 index in its array; flags: enum pr_hook_kind */
	PR_OP_READY,             /* tell the parent that all is done, wait for its word, drop the tie to its life */
	PR_OP_WAIT_START,        /* n0 O_PATH fd of the exec fifo: block until `start` opens it */
	PR_OP_LAST_WORD,         /* tell who listens that execve comes, close all fds from 3 + n0; n0 preserved fds */
	PR_OP_EXEC,              /* nothing but execve: the filter may be loaded */
	PR_OP_COUNT
};

enum {
	PR_MOUNT_RECURSIVE = 1,       /* rbind, or a recursive SETATTR */
	PR_MOUNT_COPYUP = 2,          /* tmpcopyup */
	PR_MOUNT_PLAIN_DIR = 4,       /* proc, sysfs: the target must be a real directory, no link in its last component */
	PR_MOUNT_DETACHED = 8,        /* the source's fd is a detached mount: attach it, do not clone it */
	PR_MOUNT_IN_PROC = 16,        /* the target may lie inside a procfs */
	PR_MOUNT_FROM_PROC = 32,      /* the source of the bind must be procfs (it lands on /proc) */
	PR_MOUNT_OR_BIND = 64,        /* when the kernel refuses the file system, bind the host path s1 instead (sysfs, cgroup2 in a user namespace) */
	PR_JOIN_PROCESS = 1,
	PR_CONSOLE_BIND = 1,
	PR_USER_KEEP_CAPS = 1,
	PR_USER_NO_SETGROUPS = 2,
	PR_WRITE_SELF_DUMPABLE = 1, /* be dumpable for the open: else an unprivileged caller's own /proc/self is root's */
	PR_SECCOMP_LISTENER = 1,
	PR_SECCOMP_FETCHED = 2,
	PR_PROPAGATION_MAX = 4        /* n2 holds up to four propagation steps of 8 bits each, lowest first: enum pr_propagation */
};

enum pr_propagation {
	PR_PROP_NONE, PR_PROP_PRIVATE, PR_PROP_RPRIVATE, PR_PROP_SHARED, PR_PROP_RSHARED,
	PR_PROP_SLAVE, PR_PROP_RSLAVE, PR_PROP_UNBINDABLE, PR_PROP_RUNBINDABLE
};

enum pr_hook_kind { PR_HOOK_CREATE_CONTAINER = 1, PR_HOOK_START_CONTAINER = 2 };

/* ---- parent and init stage ---------------------------------------------------------------------------------------- */

enum pr_sync {
	PR_SYNC_MAPS = 1,    /* write uid_map, gid_map */
	PR_SYNC_SOURCES,     /* fds of the mount sources, in order (SCM_RIGHTS) */
	PR_SYNC_NETWORK,     /* move network devices */
	PR_SYNC_HOOKS,       /* run prestart and createRuntime hooks */
	PR_SYNC_LIMITS,      /* set resource limits, while the stage is still the runtime's user */
	PR_SYNC_SECCOMP,     /* the compiled filter */
	PR_SYNC_READY,
	PR_SYNC_CGROUP       /* be in the container's cgroup, which somebody else (systemd) makes around the stage */
};

enum pr_msg_kind {
	PR_MSG_SYNC = 1,     /* value = enum pr_sync */
	PR_MSG_GO,           /* value = the same; payload/fds as the sync says */
	PR_MSG_FORKED,       /* value = pid in the parent's pid namespace; fds: its pidfd */
	PR_MSG_CONSOLE,      /* fds: pty master */
	PR_MSG_LISTENER,     /* fds: seccomp listener; without one: value = the number it is about to have in the stage */
	PR_MSG_WARNING,      /* op, step, errnum: went on without */
	PR_MSG_ERROR,        /* op, step, errnum, detail: gave up; value = a failing hook's index in its array */
	PR_MSG_EXECUTING     /* the last word before execve (start's fifo carries it) */
};

struct pr_msg {
	uint32_t kind;
	uint32_t op;         /* index in the plan */
	int32_t value;
	struct pr_error error;
};

enum { PR_MSG_FDS_MAX = 250 };

struct pr_child {
	int32_t pid;     /* in the caller's pid namespace */
	int pidfd;       /* owned by the caller; a descriptor of /proc/PID where the kernel has no pidfds (handle.h), as in what follows */
	int sock;        /* SEQPACKET to the init stage, owned by the caller */
};

/* Makes a sealed copy of the executable open at `exe_fd`. Returns a memfd (close-on-exec, owned by the caller). memfd_create(2). */
int pr_seal_executable(int exe_fd, struct pr_error *reterr);

/* Makes a sealed memfd of `size` bytes at `data` (a plan). Returns the fd. */
int pr_seal_plan(const void *data, uint32_t size, struct pr_error *reterr);

/* Checks a plan buffer: bounds, offsets, codes. Returns 0 or -1 with PR_STEP_PLAN. */
int pr_plan_check(const void *data, uint64_t size, struct pr_error *reterr);

/* Starts the init stage: clone3 vfork-style with `clone_flags` (CLONE_NEW*), into `cgroup_fd` when >= 0 and the groups of join[]
 * (pr_cgroup_open_join), execs `exe_fd`, which reads the plan. Of the caller's fds only 0..2, 3..3+preserve and keep[] reach it; `stdio`, unless NULL, has three
 * that take the places of 0..2 where they are not negative (none of them, and none of the others given, may be 0..2 itself). */
int pr_spawn(int exe_fd, int plan_fd, uint64_t clone_flags, int cgroup_fd, const int *join, uint32_t join_count, int preserve,
             const int *keep, uint32_t keep_count, const int *stdio, struct pr_child *ret_child, struct pr_error *reterr);

/* Receives one message. Returns 1, or 0 at end of file (the other side is gone or has exec'ed), -1. Received fds are close-on-exec
 * and the caller's. */
int pr_recv(int sock, struct pr_msg *ret_msg, int *ret_fds, uint32_t *ret_fd_count, struct pr_error *reterr);

/* Takes a copy of descriptor `number` of the pidfd's process as soon as that opens it. Returns the fd (the caller's); -1 with
 * PR_STEP_PEER_GONE when the process has something to say on `sock` instead, or is gone. pidfd_getfd(2). */
int pr_take_fd(int pidfd, int number, int sock, struct pr_error *reterr);

/* A NETLINK_ROUTE socket in the network namespace of pidfd's process, in the caller's own when pidfd is negative. Returns the fd. */
int pr_netlink_socket(int pidfd, struct pr_error *reterr);

/* Sends PR_MSG_GO for `sync` with a payload and fds (both may be empty). */
int pr_send_go(int sock, uint32_t sync, const void *payload, uint32_t size, const int *fds, uint32_t fd_count, struct pr_error *reterr);

/* How a mount source is id-mapped: by the user namespace userns_fd (negative: not at all); flags PR_IDMAP_*. */
struct pr_idmap {
	int userns_fd;
	uint32_t flags;
};

enum {
	PR_IDMAP_TREE = 1,      /* take the mounts below along */
	PR_IDMAP_RECURSIVE = 2  /* and map them too */
};

/* Opens n NUL-terminated paths O_PATH inside the mount namespace of pidfd with the caller's credentials; those with an idmap as detached,
 * mapped clones. ret_fds are the caller's. On failure ret_failed is the index. */
int pr_open_sources(int pidfd, const char *block, const struct pr_idmap *idmaps, uint32_t n, int *ret_fds, uint32_t *ret_failed,
                    struct pr_error *reterr);

/* A user namespace with these maps (lines as in /proc/PID/uid_map) that no process is in. Returns its fd. user_namespaces(7). */
int pr_userns_fd(const char *uid_map, const char *gid_map, struct pr_error *reterr);

/* Connects to the AF_UNIX stream socket at `path` and sends one message of `size` bytes with `fds`. unix(7). */
int pr_send_to_path(const char *path, const void *data, uint32_t size, const int *fds, uint32_t fd_count, struct pr_error *reterr);

/* Runs one hook to its end in the caller's namespaces: state on its stdin, killed after timeout_s seconds (0 = no limit). cwd may be NULL. */
int pr_run_hook(const char *path, const char *const *argv, const char *const *envp, const char *cwd, const void *state, uint32_t state_size,
                uint32_t timeout_s, struct pr_error *reterr);

/* Opens the exec fifo in dirfd for reading, waits for the init stage (pidfd) to execute or fail. Returns 0; -1 with what the init stage reported. */
int pr_start(int dirfd, int pidfd, struct pr_msg *ret_msg, struct pr_error *reterr);

/* Start time of a process (field 22 of /proc/PID/stat, clock ticks since boot) and its state letter. proc_pid_stat(5). -1 when it is gone. */
int pr_process_stat(int32_t pid, uint64_t *ret_start_time, char *ret_state, struct pr_error *reterr);

/* Waits until the pidfd's process has ended; timeout in milliseconds, -1 = for ever. Returns 1 ended, 0 timed out. */
int pr_wait_exit(int pidfd, int timeout_ms, struct pr_error *reterr);

/* Sets a resource limit of another process; 2^64-1 is infinity. prlimit(2). */
int pr_set_rlimit(int32_t pid, int resource, uint64_t soft, uint64_t hard, struct pr_error *reterr);

/* Waits in the foreground for the process: passes signals on, and with master_fd >= 0 relays the terminal (raw mode, window size).
 * Returns the exit status, 128 + signal when one ended it. The process must be a child of the caller, whose other children that
 * end meanwhile are reaped; master_fd becomes nonblocking. */
int pr_relay(int32_t pid, int pidfd, int master_fd, struct pr_error *reterr);

/* Sets PR_SET_CHILD_SUBREAPER for this process. prctl(2). */
int pr_set_subreaper(int on, struct pr_error *reterr);

/* ---- cgroups ------------------------------------------------------------------------------------------------------ */

/* A "group" is two strings: the mount point of a hierarchy (host path) and the path below it without a leading slash ("" = its root).
 * "groups" is a block of n groups. Nothing outside the mount point can be reached: links, "..", and other mounts are refused.
 * ret_failed is written on failure only: the index of the group (or write) that failed. */

/* 1 or 2: the cgroup version mounted at `mountpoint`; 0: another file system. statfs(2). */
int pr_cgroup_version(const char *mountpoint, struct pr_error *reterr);

/* ret_missing[i] = how many of the last components of group i's path do not exist. */
int pr_cgroup_missing(const char *groups, uint32_t n, uint32_t *ret_missing, uint32_t *ret_failed, struct pr_error *reterr);

/* Makes every directory of every group (0755); those that are there are fine. */
int pr_cgroup_create(const char *groups, uint32_t n, uint32_t *ret_failed, struct pr_error *reterr);

/* v1 cpuset: fills empty cpuset.cpus and cpuset.mems along the path from the parent, without which nothing can be attached. */
int pr_cgroup_fill_cpuset(const char *mountpoint, const char *path, struct pr_error *reterr);

/* Writes a block of 4n strings (mount point, path, file, value), one write(2) each, in order, up to the first failure. */
int pr_cgroup_write(const char *writes, uint32_t n, uint32_t *ret_failed, struct pr_error *reterr);

/* Reads a file of a group. Returns the number of bytes; `size` of them may mean that there are more. */
int64_t pr_cgroup_read(const char *mountpoint, const char *path, const char *file, char *ret_data, uint32_t size, struct pr_error *reterr);

/* Opens a group's directory (file empty) or one of its files with these open(2) flags; the fd is the caller's and close-on-exec.
 * With O_PATH it serves CLONE_INTO_CGROUP. */
int pr_cgroup_open(const char *mountpoint, const char *path, const char *file, int flags, struct pr_error *reterr);

/* Moves process `pid` into every group through cgroup.procs. The first such write after a quiet time waits for a grace period of the
 * kernel (10 ms and more): pr_cgroup_join does not. */
int pr_cgroup_attach(const char *groups, uint32_t n, int32_t pid, uint32_t *ret_failed, struct pr_error *reterr);

/* Opens what pr_cgroup_join writes to: `tasks` on v1, cgroup.procs on v2. The n descriptors are the caller's. */
int pr_cgroup_open_join(const char *groups, uint32_t n, int *ret_fds, uint32_t *ret_failed, struct pr_error *reterr);

/* Moves the calling, single-threaded process into the groups. System calls only: fit for the time between clone3 and exec. */
int pr_cgroup_join(const int *fds, uint32_t n, struct pr_error *reterr);

/* Freezes or thaws a group (v1: of the freezer hierarchy) and waits until it is frozen; after timeout_ms thaws it, ETIMEDOUT. */
int pr_cgroup_freeze(const char *mountpoint, const char *path, int version, int frozen, int timeout_ms, struct pr_error *reterr);

/* 1 when the group is frozen, by itself or by one above it; 0 when not, or when it has no freezer. */
int pr_cgroup_frozen(const char *mountpoint, const char *path, int version, struct pr_error *reterr);

/* Host pids of a group (with those below it when recursive) into ret_pids. Returns how many there are, which may be more than `size`.
 * Processes outside the caller's pid namespace are not counted. */
int pr_cgroup_pids(const char *mountpoint, const char *path, int recursive, int32_t *ret_pids, uint32_t size, struct pr_error *reterr);

/* Signals every process of the group and of those below it, none escapes by forking: cgroup.kill, or freeze, signal each, thaw.
 * A group that was frozen stays so unless the signal is SIGKILL. Returns how many were signalled (0 with cgroup.kill: not counted). */
int pr_cgroup_kill(const char *mountpoint, const char *path, int version, int signal, struct pr_error *reterr);

/* Removes the last made[i] directories of each group with all groups below; 0 leaves the group alone, and so does a parent that is in
 * use by others. While processes are still ending it tries again, for timeout_ms in all, then EBUSY. */
int pr_cgroup_remove(const char *groups, const uint32_t *made, uint32_t n, int timeout_ms, uint32_t *ret_failed, struct pr_error *reterr);

/* Gives a group's directory (file empty) or one of its files to uid:gid. */
int pr_cgroup_chown(const char *mountpoint, const char *path, const char *file, uint32_t uid, uint32_t gid, struct pr_error *reterr);

/* Loads a BPF_PROG_TYPE_CGROUP_DEVICE program of `count` 8-byte instructions. Returns its fd. bpf(2). */
int pr_bpf_device_load(const void *instructions, uint32_t count, struct pr_error *reterr);

/* Attaches the program to the group's directory fd with BPF_F_ALLOW_MULTI and detaches every device program that was there. */
int pr_bpf_device_attach(int cgroup_fd, int prog_fd, struct pr_error *reterr);

/* Ids of the device programs attached to the group itself. Returns how many, at most `size`. */
int pr_bpf_device_query(int cgroup_fd, uint32_t *ret_ids, uint32_t size, struct pr_error *reterr);

/* ---- the record --------------------------------------------------------------------------------------------------- */

enum {
	PR_RECORD_VERSION = 1,
	PR_RECORD_MAX = 65536,        /* bytes; a container that needs more has no record */
	PR_RECORD_GROUPS_MAX = 64,
	PR_RECORD_NO_GROUP = 65535    /* `freezer` when there is none */
};

enum pr_record_flags {
	PR_RECORD_POSTSTART = 1,
	PR_RECORD_POSTSTOP = 2,
	PR_RECORD_SYSTEMD = 4,        /* a unit must be stopped at delete */
	PR_RECORD_PRIVATE_PID = 8,    /* the end of the first process ends all others */
	PR_RECORD_RESCTRL = 16        /* a resctrl group must be removed at delete */
};

/* ROOT/ID/record: what the front door must know of a created container. It counts only together with the very state.json that it was
 * made from. Offsets are from the beginning; behind the struct come made[group_count] (uint32_t), then the strings. */
struct pr_record {
	char magic[8];           /* "PYRUNCR" */
	uint32_t version;        /* PR_RECORD_VERSION */
	uint32_t size;           /* of the whole, bytes */
	uint64_t checksum;       /* FNV-1a (64 bits) of all that follows */
	uint64_t state_inode;    /* of state.json */
	uint64_t state_size;
	int64_t state_mtime_s;
	int64_t state_mtime_ns;
	uint64_t start_time;     /* of the container's first process */
	int32_t pid;
	uint32_t flags;          /* enum pr_record_flags */
	uint32_t before_pid;     /* the text that `state` prints, in three pieces around pid and status */
	uint32_t before_status;
	uint32_t after_status;
	uint32_t cgroup_version;
	uint32_t groups;         /* a groups block (see cgroups), one group a hierarchy */
	uint32_t group_count;
	uint32_t freezer;        /* index of the group with the freezer, or PR_RECORD_NO_GROUP */
	uint32_t made;           /* how many of each path's last directories delete removes */
};

/* Fills in magic, version, size and checksum of the record of `size` bytes at `data`. */
void pr_record_seal(void *data, uint32_t size);

/* Checks a record: checksum, bounds, offsets. Returns 0, or -1 with PR_STEP_CHECKSUM when it is not to be used. */
int pr_record_check(const void *data, uint64_t size, struct pr_error *reterr);

/* ---- seccomp (the module only) ------------------------------------------------------------------------------------ */

struct pr_seccomp_arg {
	uint32_t index, op;
	uint64_t value, value_two;
};

struct pr_seccomp_rule {
	uint32_t name;      /* offset into names */
	uint32_t action;    /* libseccomp's, errno included */
	uint32_t first_arg; /* index into args */
	uint32_t arg_count; /* at most 6 */
};

/* Compiles rules to BPF instructions (8 bytes each) at ret_program; *size is the room in bytes and becomes the length. With `newer_action`
 * other than 0 a system call with a number above all that the rules name gets that action instead of the default. ret_unknown[i] is 1
 * where libseccomp does not know rule i's system call. On failure ret_failed is the rule's index, rule_count + the architecture's, or
 * UINT32_MAX. seccomp_rule_add(3). */
int pr_seccomp_compile(uint32_t default_action, uint32_t newer_action, const uint32_t *architectures, uint32_t architecture_count,
                       const char *names, const struct pr_seccomp_rule *rules, uint32_t rule_count, const struct pr_seccomp_arg *args,
                       uint8_t *ret_unknown, void *ret_program, uint32_t *size, uint32_t *ret_failed, struct pr_error *reterr);

/* libseccomp's version as major << 16 | minor << 8 | micro. seccomp_version(3). */
uint32_t pr_seccomp_version(void);
