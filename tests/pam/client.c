/*
 * A program that signs in through PAM, as the arguments say, and writes down what happened.
 *
 *   client FOLDER SERVICE [user=U] [rhost=R] [tty=T] [ruser=R] [env=NAME=VALUE] [silent] [ticking]
 *          [answer=TEXT | failed=TEXT | fail | none | pause]... PHASE...
 *
 * FOLDER holds the file SERVICE, as /etc/pam.d does. Each record of the output is one letter, the
 * length, a line feed, the text and a line feed: h p i e what a person sees, l a line of the log, r
 * a phase and its result, w how many answers were wiped before they were freed, and s secrets that
 * are left on the stack.
 */
#define _GNU_SOURCE
#include <security/pam_appl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const char *answers[64];
static size_t handed_out, given;
static char *pointers[64];
static unsigned wiped;
static int flags;

static void record(char kind, const char *text)
{
    printf("%c%zu\n%s\n", kind, strlen(text), text);
    fflush(stdout);
}

void syslog(int priority, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...);

static void log_line(const char *format, va_list values)
{
    char line[20000];

    vsnprintf(line, sizeof line, format, values);
    record('l', line);
    memset(line, 0, sizeof line);
}

void syslog(int priority, const char *format, ...)
{
    va_list values;

    (void)priority;
    va_start(values, format);
    log_line(format, values);
    va_end(values);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list values;

    (void)priority, (void)flag;
    va_start(values, format);
    log_line(format, values);
    va_end(values);
}

#ifdef WATCH_FREE
void __libc_free(void *pointer);

void free(void *pointer)
{
    for (size_t i = 0; pointer != NULL && i < handed_out; i++)
        if (pointers[i] == pointer) {
            size_t length = strlen(answers[i] + 7);
            const char *bytes = pointer;

            while (length > 0 && bytes[length - 1] == 0)
                length--;
            wiped += length == 0;
            pointers[i] = NULL;
        }
    __libc_free(pointer);
}
#endif

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    static const char KINDS[] = {[PAM_PROMPT_ECHO_OFF] = 'h', [PAM_PROMPT_ECHO_ON] = 'p',
                                 [PAM_ERROR_MSG] = 'e', [PAM_TEXT_INFO] = 'i'};
    int style = messages[0]->msg_style;

    (void)data;
    if (count != 1 || style < 1 || style > 4)
        return PAM_CONV_ERR;
    record(KINDS[style], messages[0]->msg);
    if (answers[handed_out] != NULL && strcmp(answers[handed_out], "fail") == 0) {
        handed_out++;
        return PAM_CONV_ERR;
    }
    *responses = calloc(1, sizeof **responses);
    if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON) {
        if (answers[handed_out] == NULL)
            return PAM_CONV_ERR;
        if (strcmp(answers[handed_out], "pause") == 0) {
            handed_out++;
            usleep(1500000);
        }
        if (strcmp(answers[handed_out], "none") != 0)
            (*responses)->resp = pointers[handed_out] = strdup(answers[handed_out] + 7);
        if (strncmp(answers[handed_out++], "failed=", 7) == 0)
            return PAM_CONV_ERR;
    }
    return PAM_SUCCESS;
}

#ifdef WATCH_FREE
/* What functions that have returned left behind. */
static void __attribute__((noinline)) look_at_stack(const char *secret)
{
    const volatile char *here = __builtin_frame_address(0);
    size_t length = strlen(secret);

    for (size_t below = 1; length > 0 && below < 30000; below++) {
        size_t same = 0;

        while (same < length && here[same - below] == secret[same])
            same++;
        if (same == length) {
            record('s', secret);
            return;
        }
    }
}
#endif

static void tick(int number)
{
    (void)number;
}

static bool item(pam_handle_t *pamh, const char *argument, const char *name, int number)
{
    size_t length = strlen(name);

    if (strncmp(argument, name, length) != 0 || argument[length] != '=')
        return false;
    return pam_set_item(pamh, number, argument + length + 1) == PAM_SUCCESS;
}

static bool run(pam_handle_t *pamh, const char *phase)
{
    char line[100];
    int code = strcmp(phase, "auth") == 0      ? pam_authenticate(pamh, flags)
               : strcmp(phase, "setcred") == 0 ? pam_setcred(pamh, PAM_ESTABLISH_CRED | flags)
               : strcmp(phase, "account") == 0 ? pam_acct_mgmt(pamh, flags)
               : strcmp(phase, "open") == 0    ? pam_open_session(pamh, flags)
               : strcmp(phase, "close") == 0   ? pam_close_session(pamh, flags)
               : strcmp(phase, "chauthtok") == 0 ? pam_chauthtok(pamh, flags)
                                               : -1;

    if (code == -1)
        return false;
#ifdef WATCH_FREE
    for (size_t i = 0; i < given; i++)
        if (strncmp(answers[i], "answer=", 7) == 0)
            look_at_stack(answers[i] + 7);
    look_at_stack("THAT-IS-SECRET"); /* the verdict overwrites the beginning */
#endif
    snprintf(line, sizeof line, "%s %d", phase, code);
    record('r', line);
    return true;
}

int main(int argc, char **argv)
{
    struct pam_conv conversation = {converse, NULL};
    pam_handle_t *pamh = NULL;
    static char buffer[1 << 16]; /* off the stack, which is looked at */
    char line[20];
    int last = PAM_SYSTEM_ERR;

    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    if (argc < 3 || pam_start_confdir(argv[2], NULL, &conversation, argv[1], &pamh) != PAM_SUCCESS)
        return 2;
    for (int i = 3; i < argc; i++) {
        const char *word = argv[i];

        if (item(pamh, word, "user", PAM_USER) || item(pamh, word, "rhost", PAM_RHOST) ||
            item(pamh, word, "tty", PAM_TTY) || item(pamh, word, "ruser", PAM_RUSER)) {
            continue;
        } else if (strncmp(word, "env=", 4) == 0) {
            pam_putenv(pamh, word + 4);
        } else if (strcmp(word, "silent") == 0) {
            flags = PAM_SILENT;
        } else if (strcmp(word, "ticking") == 0) {
            struct sigaction action = {.sa_handler = tick};
            struct itimerval often = {{0, 7000}, {0, 7000}};

            sigaction(SIGALRM, &action, NULL);
            setitimer(ITIMER_REAL, &often, NULL);
        } else if (strncmp(word, "answer=", 7) == 0 || strncmp(word, "failed=", 7) == 0 ||
                   strcmp(word, "fail") == 0 || strcmp(word, "none") == 0 || strcmp(word, "pause") == 0) {
            answers[given++] = word;
        } else if (!run(pamh, word)) {
            return 2;
        }
    }
    snprintf(line, sizeof line, "%u", wiped);
    record('w', line);
    pam_end(pamh, last);
    return 0;
}
