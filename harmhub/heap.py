"""The memory of processes that run for long."""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # as mallopt(3) numbers them


def give_memory_back() -> None:
    """Have the C library keep less of what is freed, where it is glibc's: making the sizes of one picture, or
    answering some readers at once, would else leave a process much larger for as long as it runs."""
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(M_ARENA_MAX, 2)  # instead of one heap for each thread
        # What is larger goes back at once. Left alone, glibc raises both to what was freed once.
        mallopt(M_MMAP_THRESHOLD, 1024 * 1024)
        mallopt(M_TRIM_THRESHOLD, 1024 * 1024)
