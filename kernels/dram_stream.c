/* From runs of bits to the bursts that they touch. */
#include "dram.h"

enum { NO_BURST = -1 };

void stream_start(Stream *stream) {
    stream->pattern = 0;
    for (int loop = 0; loop < LOOPS; ++loop)
        stream->at[loop] = 0;
    stream->next = 0;
    stream->last = stream->previous = NO_BURST;
}

static int64_t first_bit(const Stream *stream) {
    const Runs *runs = &stream->runs[stream->pattern];
    int64_t bit = runs->first;
    for (int loop = 0; loop < LOOPS; ++loop)
        bit += stream->at[loop] * runs->stride[loop];
    return bit;
}

static void step(Stream *stream) {
    const Runs *runs = &stream->runs[stream->pattern];
    for (int loop = LOOPS - 1; loop >= 0; --loop) {
        if (++stream->at[loop] < runs->count[loop])
            return;
        stream->at[loop] = 0;
    }
    ++stream->pattern;
}

/* Enter the next run that has a burst of this channel; 0: there is none. */
static int enter(Stream *stream) {
    while (stream->pattern < stream->patterns) {
        int64_t bit = first_bit(stream), first = bit / stream->burst_bits;
        stream->last = (bit + stream->runs[stream->pattern].length - 1) / stream->burst_bits;
        int64_t ahead = (stream->channel - first) % stream->channels;
        stream->next = first + (ahead < 0 ? ahead + stream->channels : ahead);
        if (stream->next == stream->previous)
            stream->next += stream->channels;
        step(stream);
        if (stream->next <= stream->last)
            return 1;
    }
    return 0;
}

/* The next burst, counted within the channel, or NO_BURST. */
int64_t stream_next(Stream *stream) {
    if (stream->next > stream->last && !enter(stream))
        return NO_BURST;
    int64_t burst = stream->next;
    stream->previous = burst;
    stream->next += stream->channels;
    return burst / stream->channels;
}

/* Bursts from the start to the end. */
int64_t stream_count(const Stream *stream) {
    Stream copy = *stream;
    int64_t count = 0;
    stream_start(&copy);
    while (enter(&copy)) {
        int64_t more = (copy.last - copy.next) / copy.channels;
        count += more + 1;
        copy.previous = copy.next + more * copy.channels;
    }
    return count;
}
