/* Preloaded into a process, remembers how to undo every write below a folder that was not synced yet, so that a test can
 * kill the process and leave the folder as a power cut would: file data since the last fsync or fdatasync of the file
 * gone, names since the last fsync of their folder gone.
 *
 * SHIM_DIR      the folder
 * SHIM_LOG      the undo log, outside of it: lines "W inode offset old_length count hex", "T inode old_length hex",
 *               "S inode" (synced), "C path" (made), "M path" (folder made), "U path kept" (removed; `kept` links to it),
 *               "R from to kept" (renamed; `kept` links to what was there, or "-")
 * SHIM_KEEP     a folder for what was removed, on the same file system
 * SHIM_CONTROL  a file whose first byte tells what fails from now on: 'f' writes with ENOSPC, 's' syncs with EIO
 *
 * Everything is done under one lock, so the order of the log is the order of the writes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static unsigned long kept;

static const char *dir(void) { return getenv("SHIM_DIR"); }

static int below(const char *path) {
    const char *top = dir();
    return top && path && strncmp(path, top, strlen(top)) == 0;
}

static int watched(int fd, struct stat *about) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return below(path) && fstat(fd, about) == 0;
}

static int fails(char what) {
    const char *path = getenv("SHIM_CONTROL");
    char byte = 0;
    if (!path) return 0;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
    if (fd < 0) return 0;
    if (syscall(SYS_read, fd, &byte, 1) != 1) byte = 0;
    syscall(SYS_close, fd);
    return byte == what;
}

static void put(const char *bytes, size_t length) {
    if (!getenv("SHIM_LOG")) return;
    if (log_fd < 0)
        log_fd = syscall(SYS_openat, AT_FDCWD, getenv("SHIM_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    while (length > 0) {
        ssize_t written = syscall(SYS_write, log_fd, bytes, length);
        if (written <= 0) abort();
        bytes += written;
        length -= written;
    }
}

static void say(const char *format, ...) {
    char line[2 * PATH_MAX + 64];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    put(line, length);
}

/* A line that ends with what `count` bytes at `offset` of the file are now. */
static void say_bytes(int fd, const char *head, off_t offset, size_t count) {
    if (!getenv("SHIM_LOG")) return;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int readable = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY);
    unsigned char *bytes = malloc(count + 1);
    char *line = malloc(strlen(head) + 2 * count + 2);
    size_t at = 0;
    while (at < count) {
        ssize_t got = syscall(SYS_pread64, readable, bytes + at, count - at, offset + (off_t)at);
        if (got <= 0) break;
        at += got;
    }
    syscall(SYS_close, readable);
    char *out = line + sprintf(line, "%s", head);
    for (size_t n = 0; n < at; n++) out += sprintf(out, "%02x", bytes[n]);
    *out++ = '\n';
    put(line, out - line);
    free(line);
    free(bytes);
}

/* Before `count` bytes are written at `offset`: what stands there. */
static void before_write(int fd, const struct stat *about, off_t offset, size_t count) {
    char head[128];
    size_t old = 0;
    if (offset < about->st_size) old = about->st_size - offset < (off_t)count ? (size_t)(about->st_size - offset) : count;
    snprintf(head, sizeof head, "W %lu %ld %ld %lu ", about->st_ino, (long)offset, (long)about->st_size, (unsigned long)old);
    say_bytes(fd, head, offset, old);
}

#define WRITE(fd, count, offset, call)                                  \
    struct stat about;                                                  \
    pthread_mutex_lock(&lock);                                          \
    int mine = watched(fd, &about);                                     \
    long result = -1;                                                   \
    if (mine && fails('f')) {                                           \
        errno = ENOSPC;                                                 \
    } else {                                                            \
        if (mine) before_write(fd, &about, offset, count);              \
        result = call;                                                  \
    }                                                                   \
    int error = errno;                                                  \
    pthread_mutex_unlock(&lock);                                        \
    errno = error;                                                      \
    return result

static off_t position(int fd) { return syscall(SYS_lseek, fd, 0, SEEK_CUR); }

static size_t total(const struct iovec *parts, int count) {
    size_t sum = 0;
    for (int n = 0; n < count; n++) sum += parts[n].iov_len;
    return sum;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    WRITE(fd, count, position(fd), syscall(SYS_write, fd, bytes, count));
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) {
    WRITE(fd, count, offset, syscall(SYS_pwrite64, fd, bytes, count, offset));
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return pwrite64(fd, bytes, count, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
    WRITE(fd, total(parts, count), position(fd), syscall(SYS_writev, fd, parts, count));
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
    WRITE(fd, total(parts, count), offset, syscall(SYS_pwritev, fd, parts, count, offset, 0));
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return pwritev64(fd, parts, count, offset); }
ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t count, unsigned flags) {
    /* Whoever copies falls back to reading and writing. */
    (void)from, (void)from_at, (void)to, (void)to_at, (void)count, (void)flags;
    errno = ENOSYS;
    return -1;
}

int ftruncate64(int fd, off_t length) {
    struct stat about;
    pthread_mutex_lock(&lock);
    int mine = watched(fd, &about), result = -1;
    if (mine && length > about.st_size && fails('f')) {
        errno = ENOSPC;
    } else {
        if (mine) {
            char head[64];
            size_t cut = about.st_size > length ? about.st_size - length : 0;
            snprintf(head, sizeof head, "T %lu %ld ", about.st_ino, (long)about.st_size);
            say_bytes(fd, head, length, cut);
        }
        result = syscall(SYS_ftruncate, fd, length);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(int fd, long call) {
    struct stat about;
    pthread_mutex_lock(&lock);
    int mine = watched(fd, &about), result = -1;
    if (mine && fails('s')) {
        errno = EIO;
    } else {
        /* The real one is not needed: only the process dies, never the system. */
        result = mine ? 0 : syscall(call, fd);
        if (mine) say("S %lu\n", about.st_ino);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int opened(int at, const char *path, int flags, mode_t mode) {
    struct stat about;
    pthread_mutex_lock(&lock);
    int makes = (flags & O_CREAT) && below(path) && stat(path, &about) != 0, result = -1;
    if (makes && fails('f')) {
        errno = ENOSPC;
    } else {
        if (makes) say("C %s\n", path);
        result = syscall(SYS_openat, at, path, flags, mode);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
#define MODE(flags)                                 \
    mode_t mode = 0;                                \
    if (flags & O_CREAT) {                          \
        va_list list;                               \
        va_start(list, flags);                      \
        mode = va_arg(list, mode_t);                \
        va_end(list);                               \
    }
int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }

int mkdir(const char *path, mode_t mode) {
    pthread_mutex_lock(&lock);
    struct stat about;
    if (below(path) && stat(path, &about) != 0) say("M %s\n", path);
    int result = syscall(SYS_mkdirat, AT_FDCWD, path, mode), error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

/* Links what a name stands for to where it is kept. */
static void keep(const char *path, char *to) {
    struct stat about;
    strcpy(to, "-");
    if (!getenv("SHIM_KEEP") || stat(path, &about) != 0 || !S_ISREG(about.st_mode)) return;
    snprintf(to, PATH_MAX, "%s/%d-%lu", getenv("SHIM_KEEP"), getpid(), kept++);
    if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, to, 0) != 0) strcpy(to, "-");
}

int unlink(const char *path) {
    char to[PATH_MAX];
    pthread_mutex_lock(&lock);
    if (below(path)) {
        keep(path, to);
        say("U %s %s\n", path, to);
    }
    int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0), error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int rename(const char *from, const char *to) {
    char there[PATH_MAX];
    pthread_mutex_lock(&lock);
    if (below(from) || below(to)) {
        keep(to, there);
        say("R %s %s %s\n", from, to, there);
    }
    int result = syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to), error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
