/* net/curl_init: see the header. */
#include "net/curl_init.h"

#include <pthread.h>

#include <curl/curl.h>

#include "base/base.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

void curl_init_once(void)
{
    (void)pthread_once(&once, init_curl);
}
