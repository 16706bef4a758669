/*
 * pam_cwtui lets the service `cwtui serve` decide who may sign in. The module carries prompts,
 * texts and answers between PAM and the service, keeps none of them, and decides nothing itself:
 * whatever it does not understand, it denies.
 *
 *   module    what PAM knows about the sign-in: cwtui1 NUL PHASE NUL, then name=value NUL, ...
 *   service   h prompt without echo   p prompt with echo   i information   e error
 *   module    a followed by the answer, only after a prompt
 *   service   A accepted  R refused  M too many tries  X unusable  N unknown  U cannot be checked
 *
 * Arguments: socket=PATH  mode=full|code|key  timeout=SECONDS  nullok  debug
 *            verbose (show texts even if the program asks PAM for silence, as sudo does)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#define UNREACHABLE "The sign-in service cannot be reached. Tell the operator of this host."

enum { MOST_OF_VALUE = 1024, MOST_OF_REQUEST = 4096, MOST_OF_PACKET = 8192, MOST_PACKETS = 1000 };
enum { BROKEN = -1 }; /* The service is missing, too slow, or says what it must not. */
enum phase { AUTH, ACCOUNT, OPEN, CLOSE };
enum call { CONNECT, SEND, RECEIVE };

static const char *const PHASES[] = {"auth", "account", "open", "close"};

struct talk {
    pam_handle_t *pamh;
    enum phase phase;
    struct sockaddr_un address;
    const char *mode;
    long seconds;
    bool nullok, debug, silent, too_long;
    int fd;
    size_t length;
    char packet[MOST_OF_PACKET + 1]; /* the request, then one packet of the service at a time */
};

static bool understand(struct talk *talk, const char *argument)
{
    const char *value = strchr(argument, '=');
    char *end = NULL;

    value = value == NULL ? "" : value + 1;
    if (strncmp(argument, "socket=/", 8) == 0 && strlen(value) < sizeof talk->address.sun_path) {
        memcpy(talk->address.sun_path, value, strlen(value) + 1);
    } else if (strcmp(argument, "mode=full") == 0 || strcmp(argument, "mode=code") == 0 ||
               strcmp(argument, "mode=key") == 0) {
        talk->mode = value;
    } else if (strncmp(argument, "timeout=", 8) == 0) {
        talk->seconds = strtol(value, &end, 10);
        /* strtol would also take blanks, a sign and leading zeros. */
        return *value >= '1' && *value <= '9' && *end == '\0' && talk->seconds <= 600;
    } else if (strcmp(argument, "nullok") == 0) {
        talk->nullok = true;
    } else if (strcmp(argument, "debug") == 0) {
        talk->debug = true;
    } else if (strcmp(argument, "verbose") == 0) {
        talk->silent = false;
    } else {
        return false;
    }
    return true;
}

/* Add a field to the request. Nothing is cut: what is too long is denied. */
static void add(struct talk *talk, const char *name, const char *value, size_t length)
{
    size_t room = MOST_OF_REQUEST - talk->length;

    if (length > MOST_OF_VALUE || strlen(name) + 1 + length + 1 > room)
        talk->too_long = true;
    else if (length > 0)
        talk->length += (size_t)snprintf(talk->packet + talk->length, room, "%s=%.*s", name,
                                         (int)length, value) + 1; /* with its NUL */
}

static void write_request(struct talk *talk, const char *user)
{
    static const struct { const char *name; int item; } ITEMS[] = {
        {"service", PAM_SERVICE}, {"rhost", PAM_RHOST}, {"tty", PAM_TTY}, {"ruser", PAM_RUSER}};
    const char *methods = pam_getenv(talk->pamh, "SSH_AUTH_INFO_0");
    const void *value;
    char uid[24];

    talk->length = (size_t)snprintf(talk->packet, MOST_OF_REQUEST, "cwtui1%c%s", '\0',
                                    PHASES[talk->phase]) + 1;
    add(talk, "user", user, strlen(user));
    for (size_t i = 0; i < sizeof ITEMS / sizeof *ITEMS; i++)
        if (pam_get_item(talk->pamh, ITEMS[i].item, &value) == PAM_SUCCESS && value != NULL)
            add(talk, ITEMS[i].name, value, strlen(value));
    snprintf(uid, sizeof uid, "%ju", (uintmax_t)getuid());
    add(talk, "uid", uid, strlen(uid));
    if (talk->phase == AUTH)
        add(talk, "mode", talk->mode, strlen(talk->mode));
    if (talk->nullok)
        add(talk, "nullok", "1", 1);
    if (methods != NULL) /* the first method that sshd has checked; keys may be long */
        add(talk, "method", methods, strcspn(methods, " \n"));
}

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Make a call on the socket, again after signals, within the time that each call has. */
static ssize_t call(struct talk *talk, enum call what, struct iovec *parts, size_t count)
{
    const struct sockaddr *address = (const struct sockaddr *)&talk->address;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    int64_t left, until = milliseconds() + talk->seconds * 1000;
    ssize_t done = BROKEN;

    errno = EINTR;
    while (done < 0 && errno == EINTR) {
        if ((left = until - milliseconds()) <= 0) {
            errno = ETIMEDOUT;
            return BROKEN;
        }
        struct timeval time = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
        if (setsockopt(talk->fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) != 0 ||
            setsockopt(talk->fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) != 0)
            return BROKEN;
        done = what == CONNECT ? connect(talk->fd, address, sizeof talk->address)
               : what == SEND  ? sendmsg(talk->fd, &message, MSG_NOSIGNAL)
                               : recvmsg(talk->fd, &message, MSG_TRUNC);
    }
    return done;
}

/* Only root or the owner of the socket may be the service, and only the owner of the folder may
   have put the socket there. */
static bool is_trusted(const struct talk *talk)
{
    const char *path = talk->address.sun_path;
    char folder[sizeof talk->address.sun_path + 1];
    struct stat of_socket, of_folder;
    struct ucred peer;
    socklen_t size = sizeof peer;

    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path) + 1, path);
    if (stat(path, &of_socket) != 0 || stat(folder, &of_folder) != 0 ||
        getsockopt(talk->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    errno = EPERM;
    return (peer.uid == 0 || peer.uid == of_socket.st_uid) &&
           (of_folder.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Show a prompt and send the answer, which is wiped. */
static int relay(struct talk *talk, int style)
{
    char *answer = NULL, kind[] = "a";
    int code = pam_prompt(talk->pamh, style, &answer, "%s", talk->packet + 1);
    size_t length = answer == NULL ? 0 : strlen(answer);
    struct iovec parts[] = {{kind, 1}, {answer, length}};

    if (code != PAM_SUCCESS || answer == NULL || length > MOST_OF_VALUE)
        code = PAM_CONV_ERR;
    else if (call(talk, SEND, parts, 2) < 0)
        code = BROKEN;
    if (answer != NULL)
        explicit_bzero(answer, length);
    free(answer);
    return code;
}

static int show(struct talk *talk, int style)
{
    if (talk->silent || pam_prompt(talk->pamh, style, NULL, "%s", talk->packet + 1) == PAM_SUCCESS)
        return PAM_SUCCESS;
    return PAM_CONV_ERR;
}

/* Carry packets between PAM and the service until the verdict. */
static int converse(struct talk *talk)
{
    for (int i = 0; i < MOST_PACKETS; i++) {
        int code;
        struct iovec part = {talk->packet, MOST_OF_PACKET};
        ssize_t length = call(talk, RECEIVE, &part, 1); /* of the whole packet, fitting or not */

        if (length < 0)
            return BROKEN;
        errno = EPROTO;
        if (length < 1 || length > MOST_OF_PACKET || memchr(talk->packet, '\0', (size_t)length))
            return BROKEN;
        talk->packet[length] = '\0';
        switch (length > 1 && strchr("ARMXNU", talk->packet[0]) ? '\0' : talk->packet[0]) {
        case 'h': code = relay(talk, PAM_PROMPT_ECHO_OFF); break;
        case 'p': code = relay(talk, PAM_PROMPT_ECHO_ON); break;
        case 'i': code = show(talk, PAM_TEXT_INFO); break;
        case 'e': code = show(talk, PAM_ERROR_MSG); break;
        case 'A': return PAM_SUCCESS;
        case 'R': return talk->phase == ACCOUNT ? PAM_PERM_DENIED : PAM_AUTH_ERR;
        case 'M': return PAM_MAXTRIES;
        case 'X': return PAM_ACCT_EXPIRED;
        case 'N': return PAM_USER_UNKNOWN;
        case 'U': return PAM_AUTHINFO_UNAVAIL;
        default: return BROKEN;
        }
        if (code != PAM_SUCCESS)
            return code;
    }
    return BROKEN;
}

static int ask(struct talk *talk)
{
    struct iovec part = {talk->packet, talk->length};
    int code = BROKEN;

    talk->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (talk->fd >= 0 && call(talk, CONNECT, NULL, 0) == 0 && is_trusted(talk) &&
        call(talk, SEND, &part, 1) >= 0)
        code = converse(talk);
    if (code == BROKEN) {
        pam_syslog(talk->pamh, LOG_ERR, "denied: no service at %s, or none that answers as it "
                   "must (%m)", talk->address.sun_path);
        if (!talk->silent && talk->phase != CLOSE)
            pam_prompt(talk->pamh, PAM_ERROR_MSG, NULL, "%s", UNREACHABLE);
        code = PAM_AUTHINFO_UNAVAIL;
    }
    if (talk->fd >= 0)
        close(talk->fd);
    explicit_bzero(talk->packet, sizeof talk->packet);
    return code;
}

static int decide(pam_handle_t *pamh, enum phase phase, int flags, int argc, const char **argv)
{
    int code, denied = phase == AUTH      ? PAM_AUTH_ERR
                       : phase == ACCOUNT ? PAM_PERM_DENIED
                                          : PAM_SESSION_ERR;
    struct talk talk = {.pamh = pamh, .phase = phase, .silent = ((unsigned)flags & PAM_SILENT) != 0,
                        .address = {AF_UNIX, "/run/cwtui/pam"}, .mode = "full", .seconds = 90};
    const char *user = NULL;

    for (int i = 0; i < argc; i++)
        if (!understand(&talk, argv[i])) {
            pam_syslog(pamh, LOG_ERR, "denied: the argument %s is not understood", argv[i]);
            return denied;
        }
    if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS || user == NULL || *user == '\0')
        return denied;
    write_request(&talk, user);
    if (talk.debug)
        pam_syslog(pamh, LOG_DEBUG, "%s: asks the service", PHASES[phase]);
    code = talk.too_long ? denied : ask(&talk);
    if (talk.debug)
        pam_syslog(pamh, LOG_DEBUG, "%s: %s", PHASES[phase], pam_strerror(pamh, code));
    return phase < OPEN || code == PAM_SUCCESS ? code : PAM_SESSION_ERR;
}

#define PHASE(function, phase) \
    __attribute__((visibility("default"))) int function(pam_handle_t *pamh, int flags, int argc, \
                                                        const char **argv) \
    { return decide(pamh, phase, flags, argc, argv); }

PHASE(pam_sm_authenticate, AUTH)
PHASE(pam_sm_acct_mgmt, ACCOUNT)
PHASE(pam_sm_open_session, OPEN)
PHASE(pam_sm_close_session, CLOSE)

/* There are no credentials to set. Programs such as sshd need a module that says so. */
__attribute__((visibility("default"))) int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc,
                                                          const char **argv)
{
    (void)pamh, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}
