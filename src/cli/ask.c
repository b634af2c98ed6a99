/* cli/ask: see the header. */
#include "cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"

bool ask_can(void)
{
    return isatty(STDIN_FILENO) != 0;
}

bool ask_line(const char *prompt, bool is_password, struct buf *answer, struct err *err)
{
    struct termios before;
    bool is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    char line[ASK_LINE_MAX];

    if (is_terminal) {
        struct termios quiet = before;

        if (is_password)
            quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        fprintf(stderr, "%s: ", prompt);
    }
    char *got = fgets(line, sizeof line, stdin);

    if (is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        if (is_password)
            fputc('\n', stderr);
    }
    if (!got)
        return fail(err, ERR_INVALID, "no %s was given", prompt);
    buf_add(answer, line, strcspn(line, "\r\n"));
    secret_wipe(line, sizeof line);
    return buf_check(answer, prompt, err);
}

bool ask_file(const char *path, struct buf *answer, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(ASK_LINE_MAX);

    if (strcmp(path, "-") == 0)
        return ask_line("password", true, answer, err);
    if (!fs_read(path, &text, err))
        return err_wrap(err, "could not read the password");
    buf_add(answer, text.data, strcspn(buf_text(&text), "\r\n"));
    return buf_check(answer, "the password", err);
}

bool ask_content(const char *path, struct buf *content, struct err *err)
{
    return strcmp(path, "-") == 0 ? fs_read_rest(STDIN_FILENO, "standard input", content, err)
                                  : fs_read(path, content, err);
}
