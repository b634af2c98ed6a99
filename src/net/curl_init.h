/* net/curl_init: make libcurl ready, once for the process. For the files of net/ that use it. */
#pragma once

void curl_init_once(void);
