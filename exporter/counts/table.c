#include "exporter/counts/table.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Entries are read and written as words by memcpy, since only their owners know their types. */
static uint64_t word_at(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static void put(unsigned char *slots, uint64_t slot_count, const unsigned char *entry,
                size_t entry_size)
{
    uint64_t slot = table_home(word_at(entry), slot_count);
    while (word_at(slots + slot * entry_size) != 0) {
        slot = table_next(slot, slot_count);
    }
    for (size_t offset = 0; offset < entry_size; offset += sizeof(uint64_t)) {
        memcpy(slots + slot * entry_size + offset, entry + offset, sizeof(uint64_t));
    }
}

void *table_map(uint64_t slot_count, size_t entry_size)
{
    const size_t size = (size_t)(slot_count * entry_size);
    if (size != slot_count * entry_size) { /* more than 32 bits can address */
        return NULL;
    }
    void *slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return slots == MAP_FAILED ? NULL : slots;
}

void table_unmap(void *slots, uint64_t slot_count, size_t entry_size)
{
    if (slots != NULL) {
        (void)munmap(slots, (size_t)(slot_count * entry_size));
    }
}

void *table_grow(void *slots, uint64_t slot_count, uint64_t wider, size_t entry_size)
{
    unsigned char *larger = table_map(wider, entry_size);
    if (larger == NULL) {
        return NULL;
    }
    unsigned char *chunk = slots;
    uint64_t left = slot_count * entry_size;
    while (left > 0) {
        size_t length = left < TABLE_CHUNK ? (size_t)left : TABLE_CHUNK;
        for (const unsigned char *entry = chunk; entry < chunk + length; entry += entry_size) {
            if (word_at(entry) != 0) {
                put(larger, wider, entry, entry_size);
            }
        }
        (void)munmap(chunk, length);
        chunk += length;
        left -= length;
    }
    return larger;
}

uint64_t table_slots_first(uint64_t slots_max)
{
    return slots_max < TABLE_SLOTS_START ? slots_max : TABLE_SLOTS_START;
}

uint64_t table_slots_after(uint64_t slot_count, uint64_t slots_max)
{
    if (slot_count < TABLE_SLOTS_SMALL) {
        return slot_count < slots_max / 2 ? slot_count * 2 : slots_max;
    }
    uint64_t step = slot_count / TABLE_GROWTH_PARTS;
    uint64_t left = slots_max - slot_count;
    if (left <= step) {
        return slots_max;
    }
    return slot_count + (left < 2 * step ? left / 2 : step);
}

uint64_t table_slots_before_last(uint64_t slots_max)
{
    uint64_t before = 0;
    uint64_t slot_count = table_slots_first(slots_max);
    while (slot_count < slots_max) {
        before = slot_count;
        slot_count = table_slots_after(slot_count, slots_max);
    }
    return before;
}

uint64_t table_bytes(uint64_t slot_count, size_t entry_size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return (slot_count * entry_size + page - 1) / page * page;
}
