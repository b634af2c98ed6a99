/*
 * Runs a fuzz target over the files of its corpus, once each, where libFuzzer is not linked.
 *
 * An input that hurts stops the program (sanitizers do that), with the input's name as the last
 * line on standard error. A corpus that is missing or empty is a failure: it would prove nothing.
 */
#include <dirent.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

#define INPUT_MAX (64U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool run_file(const char *path, struct err *err)
{
    autodone(buf) struct buf input = BUF_INIT(INPUT_MAX);

    fprintf(stderr, "%s\n", path);
    if (!fs_read(path, &input, err))
        return false;

    /* Exactly as long as the input, so that reading one byte past its end is seen. */
    uint8_t *exact = input.size > 0 ? xmemdup(input.data, input.size) : xmalloc(1);

    LLVMFuzzerTestOneInput(exact, input.size);
    free(exact);
    return true;
}

static bool run_folder(DIR *dir, const char *folder, int *n_run, struct err *err)
{
    char path[4096];

    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (!run_file(path, err))
            return false;
        (*n_run)++;
    }
    if (*n_run == 0)
        return fail(err, ERR_NOT_FOUND, "the folder is empty");
    return true;
}

int main(int argc, char **argv)
{
    struct err err = { 0 };
    int n_run = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }

    DIR *dir = opendir(argv[1]);

    if (!dir)
        fail_errno(&err, ERR_NOT_FOUND, "could not open the corpus");
    else if (run_folder(dir, argv[1], &n_run, &err))
        printf("ok 1 - replays %d inputs of %s\n1..1\n", n_run, argv[1]);
    if (dir)
        closedir(dir);
    if (err.kind == ERR_NONE)
        return 0;
    printf("not ok 1 - replays %s: %s\n1..1\n", argv[1], err.msg);
    return 1;
}
