/*
 * Plays both ends of the module against each other: a service that sends random packets, and a
 * program with random answers and PAM items. It computes what must come out, and stops at the first
 * difference.
 *
 *   fuzz FOLDER SOCKET SEED CASES
 *
 * FOLDER holds a file for PAM whose module asks at SOCKET.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PACKETS = 8, WHOLE = 8192, LONGEST = 9000, ANSWER = 1100 };
enum { FAILS = -1, NOTHING = -2, TOO_LONG = 63 };

struct packet { size_t length; char bytes[LONGEST]; };

static struct {
    size_t count;
    bool waits_for_answers;
    struct packet packets[PACKETS];
    int answer_lengths[PACKETS];
    char answers[PACKETS][ANSWER];
    size_t asked, shown;
    char request[WHOLE];
    ssize_t request_length;
    size_t received;
} now;

static int listening;
static sem_t served;
static uint64_t state;
static unsigned long results[64], prompts, texts_shown;

void syslog(int priority, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...);
void syslog(int priority, const char *format, ...) { (void)priority, (void)format; }
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    (void)priority, (void)flag, (void)format;
}

static unsigned below(unsigned limit)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (unsigned)(state >> 20) % limit;
}

static void stop(const char *why)
{
    fprintf(stderr, "%s\n", why);
    abort();
}

static void random_text(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(1 + below(255));
}

/* Most are short; some are at a bound, one below or one above it. */
static size_t random_length(unsigned bound)
{
    switch (below(8)) {
    case 0: return bound - 1 + below(3);
    case 1: return below(bound);
    case 2: return 0;
    default: return below(40);
    }
}

static void *serve(void *unused)
{
    const struct timeval patience = {20, 0};

    for (;;) {
        char answer[WHOLE];
        int fd = accept(listening, NULL, NULL);
        ssize_t length;

        if (fd < 0)
            stop("accept");
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        now.request_length = recv(fd, now.request, sizeof now.request, 0);
        for (size_t i = 0; i < now.count; i++) {
            const struct packet *packet = &now.packets[i];
            bool prompts = packet->length > 0 && strchr("hp", packet->bytes[0]) != NULL;

            if (send(fd, packet->bytes, packet->length, MSG_NOSIGNAL) < 0)
                break;
            if (now.waits_for_answers && prompts && recv(fd, answer, sizeof answer, 0) > 0)
                now.received++;
        }
        shutdown(fd, SHUT_WR);
        /* A module that closes before it has read all is a reset, which hides nothing. */
        while ((length = recv(fd, answer, sizeof answer, 0)) > 0 ||
               (length < 0 && errno == ECONNRESET))
            now.received += length > 0;
        close(fd);
        sem_post(&served);
    }
    return unused;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    int style = messages[0]->msg_style, length;

    (void)data;
    if (count != 1)
        stop("several messages at once");
    *responses = NULL;
    if (style == PAM_TEXT_INFO || style == PAM_ERROR_MSG) {
        now.shown++;
        return PAM_SUCCESS;
    }
    length = now.answer_lengths[now.asked];
    if (length == FAILS)
        return PAM_CONV_ERR;
    *responses = calloc(1, sizeof **responses);
    if (length != NOTHING)
        (*responses)->resp = strndup(now.answers[now.asked], (size_t)length);
    now.asked++;
    return PAM_SUCCESS;
}

/* Most packets are right; the others are nearly right, or noise. */
static void make_case(void)
{
    now.asked = now.shown = now.received = 0;
    now.waits_for_answers = below(4) != 0;
    now.count = 1 + below(PACKETS);
    for (size_t i = 0; i < now.count; i++) {
        struct packet *packet = &now.packets[i];
        unsigned way = below(100);

        packet->length = 1 + random_length(WHOLE - 1);
        random_text(packet->bytes, packet->length);
        packet->bytes[0] = "hpie"[below(4)];
        if (i + 1 == now.count || way < 3)
            packet->bytes[0] = "AAARMXNU"[below(8)], packet->length = below(8) ? 1 : packet->length;
        else if (way < 5)
            packet->bytes[0] = (char)below(256);
        else if (way < 7)
            packet->bytes[below((unsigned)packet->length)] = '\0';
        else if (way < 8)
            packet->length = 0;
    }
    for (size_t i = 0; i < PACKETS; i++) {
        unsigned way = below(60);

        now.answer_lengths[i] = way == 0 ? FAILS : way == 1 ? NOTHING : (int)random_length(1024);
        random_text(now.answers[i], ANSWER);
    }
}

static int expected(unsigned phase)
{
    size_t asked = 0;

    for (size_t i = 0; i < now.count; i++) {
        const struct packet *packet = &now.packets[i];
        const char *text = packet->bytes;
        int answer;

        if (packet->length == 0 || packet->length > WHOLE || memchr(text, 0, packet->length))
            return PAM_AUTHINFO_UNAVAIL;
        if (text[0] == 'i' || text[0] == 'e')
            continue;
        if (text[0] == 'h' || text[0] == 'p') {
            answer = now.answer_lengths[asked++];
            if (answer < 0 || answer > 1024)
                return PAM_CONV_ERR;
            continue;
        }
        if (packet->length > 1)
            return PAM_AUTHINFO_UNAVAIL;
        switch (text[0]) {
        case 'A': return PAM_SUCCESS;
        case 'R': return phase == 1 ? PAM_PERM_DENIED : PAM_AUTH_ERR;
        case 'M': return PAM_MAXTRIES;
        case 'X': return PAM_ACCT_EXPIRED;
        case 'N': return PAM_USER_UNKNOWN;
        default: return PAM_AUTHINFO_UNAVAIL;
        }
    }
    return PAM_AUTHINFO_UNAVAIL;
}

static size_t put(char *request, size_t at, const char *name, const char *value, size_t length,
                  bool *fits)
{
    if (length > 1024)
        *fits = false;
    if (length == 0 || !*fits)
        return at;
    memcpy(request + at, name, strlen(name));
    request[at + strlen(name)] = '=';
    memcpy(request + at + strlen(name) + 1, value, length);
    at += strlen(name) + 1 + length;
    request[at] = '\0';
    *fits = at + 1 <= 4096;
    return at + 1;
}

static void one_case(const char *folder, unsigned long number)
{
    static const char *const NAMES[] = {"auth", "account", "open", "close"};
    static const int ITEMS[] = {PAM_RHOST, PAM_TTY, PAM_RUSER};
    static const char *const ITEM_NAMES[] = {"rhost", "tty", "ruser"};
    static char texts[4][1100], keys[5020], request[20000], uid[20];
    struct pam_conv conversation = {converse, NULL};
    pam_handle_t *pamh = NULL;
    unsigned phase = below(4);
    bool fits = true;
    size_t length, at;
    int code, right;

    make_case();
    memcpy(request, "cwtui1", 7);
    at = 7 + strlen(NAMES[phase]) + 1;
    memcpy(request + 7, NAMES[phase], at - 7);
    memset(texts, 0, sizeof texts);
    random_text(texts[3], length = random_length(1024));
    if (pam_start_confdir("fuzz", texts[3], &conversation, folder, &pamh) != PAM_SUCCESS)
        stop("pam_start_confdir");
    at = put(request, at, "user", texts[3], length, &fits);
    fits = fits && length > 0;
    at = put(request, at, "service", "fuzz", 4, &fits);
    for (unsigned i = 0; i < 3; i++) {
        random_text(texts[i], length = random_length(1024));
        pam_set_item(pamh, ITEMS[i], texts[i]);
        at = put(request, at, ITEM_NAMES[i], texts[i], length, &fits);
    }
    snprintf(uid, sizeof uid, "%u", getuid());
    at = put(request, at, "uid", uid, strlen(uid), &fits);
    if (phase == 0)
        at = put(request, at, "mode", "full", 4, &fits);
    if (below(3) == 0) {
        memset(keys, 0, sizeof keys);
        length = random_length(4090);
        random_text(keys, sizeof "SSH_AUTH_INFO_0=" + length);
        memcpy(keys, "SSH_AUTH_INFO_0=", 16);
        keys[16 + length] = '\0';
        if (length > 0) { /* An empty value is one, too. */
            pam_putenv(pamh, keys);
            at = put(request, at, "method", keys + 16, strcspn(keys + 16, " \n"), &fits);
        }
    }
    switch (phase) {
    case 0: code = pam_authenticate(pamh, 0); break;
    case 1: code = pam_acct_mgmt(pamh, 0); break;
    case 2: code = pam_open_session(pamh, 0); break;
    default: code = pam_close_session(pamh, 0);
    }
    right = fits ? expected(phase) : phase == 1 ? PAM_PERM_DENIED : PAM_AUTH_ERR;
    if (phase > 1 && right != PAM_SUCCESS)
        right = PAM_SESSION_ERR;
    if (fits)
        sem_wait(&served);
    if (code != right) {
        fprintf(stderr, "case %lu: phase %s gave %d, not %d\n", number, NAMES[phase], code, right);
        abort();
    }
    if (fits && (now.request_length != (ssize_t)at || memcmp(now.request, request, at) != 0))
        stop("another request");
    if (fits && code == PAM_SUCCESS && now.received != now.asked)
        stop("not all answers arrived");
    if (!fits && (now.asked > 0 || now.shown > 0))
        stop("asked all the same");
    results[fits ? code : TOO_LONG]++;
    prompts += now.asked, texts_shown += now.shown;
    pam_end(pamh, code);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned long cases;
    pthread_t thread;

    if (argc != 5)
        return 2;
    state = strtoul(argv[3], NULL, 10) * 2 + 1;
    cases = strtoul(argv[4], NULL, 10);
    for (int i = 0; i < 20; i++)
        below(2);
    strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
    listening = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 9))
        stop("bind");
    sem_init(&served, 0, 0);
    pthread_create(&thread, NULL, serve, NULL);
    for (unsigned long i = 0; i < cases; i++)
        one_case(argv[1], i);
    printf("%lu cases: %lu accepted, %lu requests too long, %lu answers, %lu texts\n", cases,
           results[PAM_SUCCESS], results[TOO_LONG], prompts, texts_shown);
    return 0;
}
