/* SPDX-License-Identifier: MIT */
/* Other processes. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nosys.h"

NOSYS(pid_t, fork, (void), -1)
NOSYS(pid_t, vfork, (void), -1)
NOSYS(int, daemon, (int nochdir, int noclose), -1)
NOSYS(int, execl, (const char *path, const char *arg, ...), -1)
NOSYS(int, execle, (const char *path, const char *arg, ...), -1)
NOSYS(int, execlp, (const char *file, const char *arg, ...), -1)
NOSYS(int, execv, (const char *path, char *const argv[]), -1)
NOSYS(int, execve, (const char *path, char *const argv[], char *const envp[]), -1)
NOSYS(int, execvp, (const char *file, char *const argv[]), -1)
NOSYS(int, execvpe, (const char *file, char *const argv[], char *const envp[]), -1)
NOSYS(int, fexecve, (int fd, char *const argv[], char *const envp[]), -1)
NOSYS(pid_t, wait, (int *status), -1)
NOSYS(pid_t, waitpid, (pid_t pid, int *status, int options), -1)
NOSYS(pid_t, wait3, (int *status, int options, struct rusage *usage), -1)
NOSYS(pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage), -1)
NOSYS(FILE *, popen, (const char *command, const char *mode), NULL)
NOSYS(int, pclose, (FILE * stream), -1)

/* These return the error. */
NOSYS(int, posix_spawn,
      (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
       const posix_spawnattr_t *attr, char *const argv[], char *const envp[]),
      ENOSYS)
NOSYS(int, posix_spawnp,
      (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions,
       const posix_spawnattr_t *attr, char *const argv[], char *const envp[]),
      ENOSYS)
NOSYS(int, posix_spawnattr_init, (posix_spawnattr_t * attr), ENOSYS)
NOSYS(int, posix_spawnattr_destroy, (posix_spawnattr_t * attr), ENOSYS)
NOSYS(int, posix_spawn_file_actions_init, (posix_spawn_file_actions_t * actions), ENOSYS)
NOSYS(int, posix_spawn_file_actions_destroy, (posix_spawn_file_actions_t * actions), ENOSYS)
NOSYS(int, posix_spawn_file_actions_addclose, (posix_spawn_file_actions_t * actions, int fd),
      ENOSYS)
NOSYS(int, posix_spawn_file_actions_adddup2,
      (posix_spawn_file_actions_t * actions, int from, int to), ENOSYS)
