#include "exporter/memory.h"

#include "common/options.h"
#include "exporter/counts/counts.h"
#include "exporter/exposition/snapshot.h"
#include "exporter/geoip/organizations.h"
#include "exporter/http/scrape.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

int memory_try(const struct options *options)
{
    uint64_t bytes =
        counts_memory_max(options) + scrape_memory_max() + snapshot_memory_max(options->groups_max);
    if (options->asn_database != NULL) { /* reserved by now, and asked for once more: no harm */
        bytes += organizations_memory_max(options->groups_max);
    }
    const size_t size = (size_t)bytes;
    if (size != bytes) { /* more than 32 bits can address */
        return -ENOMEM;
    }
    void *trial = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (trial == MAP_FAILED) {
        return -errno;
    }
    munmap(trial, size);
    return 0;
}
