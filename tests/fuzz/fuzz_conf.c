/* conf: a configuration file, whatever is in it. */
#include "base/err.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree(conf) struct conf *conf = NULL;
    struct err err = { 0 };

    (void)!conf_load_text("fuzz.conf", span_of(data, size), &conf, &err);
    return 0;
}
