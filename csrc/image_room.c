/* SPDX-License-Identifier: Apache-2.0 */
/* Where in the image Python's memory lies. A page of it costs a process microseconds and 4 KiB at its first touch, so what create, run and
 * exec touch lies together: allocations are numbered, in the order in which a start and its imports make them, and a rehearsal of that work
 * (rehearsal.py), in which each block has pages of its own that are protected, tells which numbers those are. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "image.h"

/* Bytes; the build fails when one is too small. */
#define COLD      ((size_t)7 << 20)
#define NAMES     ((size_t)1 << 20)
#define HOT       ((size_t)3 << 20)
#define REHEARSAL ((size_t)1 << 30)
#define DEMANDS   ((size_t)1 << 18) /* as many allocations before the image is made */

#define ALIGN ((size_t)16) /* of any object, as malloc(3) */
#define PAGE  ((size_t)4096)

/* What precedes each block. */
struct block {
	uint32_t size, asked; /* bytes behind this, and those that were asked for */
	struct block *next;   /* of a free block: the next one freed */
};

/* A piece of the room, used from its start. */
struct part {
	size_t used; /* bytes */
	struct block *freed;
};

/* In the image itself: so it says what it was when the image was written. */
static struct {
	bool made;
	struct part hot, names, cold;
	PyMemAllocatorEx under[3]; /* Python's own allocators, for what is new once the image is made */
	char hot_room[HOT] __attribute__((aligned(4096)));
	char names_room[NAMES] __attribute__((aligned(4096)));
	char cold_room[COLD] __attribute__((aligned(4096)));
} image PR_IN_IMAGE __attribute__((aligned(4096)));

/* An allocation, in the order of the rehearsal: the profile is an array of them. */
struct demand {
	uint32_t size; /* bytes */
	bool hot;      /* the rehearsal touched it */
	bool name;     /* it is an interned string: looked at when another one is looked up */
	bool met;      /* the image has it */
};

/* Of the build's process alone. */
static struct demand *profile;
static size_t demands;        /* those in the profile */
static bool watching;         /* the profile is complete */
static struct part rehearsal; /* in place of the image's parts */
static char *rehearsal_room;  /* NULL unless we rehearse */
static uint32_t *owner;       /* of each of its pages: the number of the block, plus 1 */

bool pr_image_made(void)
{
	return image.made;
}

void pr_image_seal(void)
{
	image.made = true;
}

/* True for what was allocated before the image was made: it is never given back. */
static bool in_image(const void *memory)
{
	const char *at = memory;
	if (rehearsal_room)
		return at >= rehearsal_room && at < rehearsal_room + REHEARSAL;
	return at >= image.hot_room && at < image.cold_room + COLD;
}

/* Zeroed memory from the end of what a part has used. */
static void *take(struct part *part, char *room, size_t room_size, size_t size, size_t alignment)
{
	size_t at = (part->used + alignment - 1) & ~(alignment - 1);
	if (size > room_size || at > room_size - size) {
		fputs("image_room.c: HOT, NAMES, COLD or REHEARSAL is too small\n", stderr);
		return NULL;
	}
	part->used = at + size;
	return room + at;
}

/* A freed block that fits without much waste. */
static struct block *again(struct part *part, size_t size, size_t waste)
{
	for (struct block **at = &part->freed; *at; at = &(*at)->next) {
		struct block *block = *at;
		if (block->size >= size && block->size <= size + waste) {
			*at = block->next;
			return block;
		}
	}
	return NULL;
}

/* Block `number` of the rehearsal: its pages are nobody else's. */
static struct block *own_pages(uint64_t number, size_t size)
{
	const size_t whole = (sizeof(struct block) + size + PAGE - 1) & ~(PAGE - 1);
	struct block *block = again(&rehearsal, whole - sizeof(*block), 0);
	if (!block)
		block = take(&rehearsal, rehearsal_room, REHEARSAL, whole, PAGE);
	if (!block)
		return NULL;
	block->size = (uint32_t)(whole - sizeof(*block));
	for (size_t page = 0; page < whole / PAGE; page++)
		owner[(size_t)((char *)block - rehearsal_room) / PAGE + page] = (uint32_t)number + 1;
	return block;
}

/* A block of the rehearsal, noted in the profile as long as that is made. */
static struct block *rehearsed_block(size_t size)
{
	if (watching)
		return own_pages(DEMANDS, size);
	if (demands == DEMANDS) {
		fputs("image_room.c: DEMANDS is too small\n", stderr);
		return NULL;
	}
	profile[demands].size = (uint32_t)size;
	return own_pages(demands++, size);
}

/* The next demand of that size that is not met, NULL when there is none. Order alone would not do: Python's cache of methods goes by
 * addresses, and what it keeps alive is not asked for again. */
static struct demand *next_demand(size_t size)
{
	static size_t first; /* that is not met */
	while (first < demands && profile[first].met)
		first++;
	for (size_t n = first; n < demands; n++)
		if (!profile[n].met && profile[n].size == size)
			return &profile[n];
	return NULL;
}

/* A block of a part: one that was freed, or new. */
static struct block *part_block(struct part *part, char *room, size_t room_size, size_t size)
{
	struct block *block = again(part, size, size / 4 + ALIGN);
	if (block)
		return block;
	block = take(part, room, room_size, sizeof(*block) + size, ALIGN);
	if (block)
		block->size = (uint32_t)size;
	return block;
}

/* A block of the image, in the part that the profile says. */
static struct block *image_block(size_t size)
{
	struct demand *demand = next_demand(size);
	if (demand)
		demand->met = true;
	if (demand && demand->hot)
		return part_block(&image.hot, image.hot_room, HOT, size);
	if (demand && demand->name)
		return part_block(&image.names, image.names_room, NAMES, size);
	return part_block(&image.cold, image.cold_room, COLD, size);
}

/* A zeroed block; where it lies depends on the profile only. */
static void *take_block(size_t size)
{
	if (size > COLD)
		return NULL;
	size = size ? (size + ALIGN - 1) & ~(ALIGN - 1) : ALIGN;
	struct block *block = rehearsal_room ? rehearsed_block(size) : image_block(size);
	if (!block)
		return NULL;
	block->asked = (uint32_t)size;
	return block + 1;
}

static void *room_malloc(void *under, size_t size)
{
	const PyMemAllocatorEx *python = under;
	return image.made ? python->malloc(python->ctx, size) : take_block(size);
}

static void *room_calloc(void *under, size_t count, size_t size)
{
	const PyMemAllocatorEx *python = under;
	if (image.made)
		return python->calloc(python->ctx, count, size);
	return size && count > COLD / size ? NULL : take_block(count * size);
}

static void room_free(void *under, void *memory)
{
	const PyMemAllocatorEx *python = under;
	if (!in_image(memory)) {
		python->free(python->ctx, memory);
		return;
	}
	if (image.made)
		return;
	struct block *block = (struct block *)memory - 1;
	struct part *part = rehearsal_room                     ? &rehearsal
	                    : (char *)block < image.names_room ? &image.hot
	                    : (char *)block < image.cold_room  ? &image.names
	                                                       : &image.cold;
	memset(memory, 0, block->size); /* numbers that belong to this process, too */
	block->next = part->freed;
	part->freed = block;
}

/* Grows in place, or does not, whatever block it has: so that the numbers of what follows are always the same. */
static void *room_realloc(void *under, void *memory, size_t size)
{
	const PyMemAllocatorEx *python = under;
	if (!memory)
		return room_malloc(under, size);
	if (!in_image(memory))
		return python->realloc(python->ctx, memory, size);
	const size_t before = ((struct block *)memory - 1)->asked;
	if (size <= before)
		return memory;
	void *bigger = room_malloc(under, size);
	if (!bigger)
		return NULL;
	memcpy(bigger, memory, before);
	room_free(under, memory);
	return bigger;
}

/* Before the image is made, this is the stack of Python's frames only: all else are blocks. */
static void *arena_alloc(void *context, size_t size)
{
	(void)context;
	if (!image.made && rehearsal_room)
		return take(&rehearsal, rehearsal_room, REHEARSAL, size, PAGE);
	if (!image.made)
		return take(&image.hot, image.hot_room, HOT, size, PAGE);
	void *arena = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return arena == MAP_FAILED ? NULL : arena;
}

static void arena_free(void *context, void *arena, size_t size)
{
	(void)context;
	if (!in_image(arena))
		munmap(arena, size);
}

static void set_allocators(void)
{
	static const PyMemAllocatorDomain domains[] = { PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ };
	for (size_t i = 0; i < sizeof(domains) / sizeof(*domains); i++) {
		PyMem_GetAllocator(domains[i], &image.under[i]);
		PyMemAllocatorEx ours = {
			.ctx = &image.under[i], .malloc = room_malloc, .calloc = room_calloc, .realloc = room_realloc, .free = room_free
		};
		PyMem_SetAllocator(domains[i], &ours);
	}
	PyObjectArenaAllocator arenas = { .alloc = arena_alloc, .free = arena_free };
	PyObject_SetArenaAllocator(&arenas);
}

int pr_image_prepare(const char *profile_path)
{
	auto_fd fd = open(profile_path, O_RDONLY | O_CLOEXEC);
	struct stat found;
	if (fd < 0 || fstat(fd, &found) < 0 || !(profile = malloc((size_t)found.st_size + 1)))
		return -1;
	demands = (size_t)found.st_size / sizeof(*profile);
	if (read(fd, profile, (size_t)found.st_size) != (ssize_t)found.st_size)
		return -1;
	set_allocators();
	return 0;
}

int pr_image_rehearse(void)
{
	const size_t pages = REHEARSAL / PAGE;
	void *room = mmap(NULL, REHEARSAL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	owner = calloc(pages, sizeof(*owner));
	profile = calloc(DEMANDS + 1, sizeof(*profile)); /* the last is that of all blocks that are watched no more */
	if (room == MAP_FAILED || !owner || !profile)
		return -1;
	rehearsal_room = room;
	set_allocators();
	return 0;
}

/* SIGSEGV: notes the block that was touched, and lets the work go on. */
static void touched(int number, siginfo_t *info, void *context)
{
	(void)context;
	const size_t page = (size_t)((char *)info->si_addr - rehearsal_room) / PAGE;
	if ((char *)info->si_addr < rehearsal_room || page >= REHEARSAL / PAGE) {
		signal(number, SIG_DFL); /* not ours: it ends the build when it comes again */
		return;
	}
	size_t first = page, after = page + 1;
	while (first > 0 && owner[first - 1] == owner[page])
		first--;
	while (after < REHEARSAL / PAGE && owner[after] == owner[page])
		after++;
	if (owner[page])
		profile[owner[page] - 1].hot = true;
	if (mprotect(rehearsal_room + first * PAGE, (after - first) * PAGE, PROT_READ | PROT_WRITE) < 0)
		_exit(1);
}

/* Notes which blocks are interned strings. */
static void find_names(void)
{
	for (size_t page = 0; page * PAGE < rehearsal.used; page++) {
		const bool first = owner[page] && (page == 0 || owner[page - 1] != owner[page]);
		const struct block *block = (void *)(rehearsal_room + page * PAGE);
		PyObject *object = (PyObject *)(uintptr_t)(block + 1);
		if (first && block->asked >= sizeof(PyASCIIObject) && Py_IS_TYPE(object, &PyUnicode_Type))
			profile[owner[page] - 1].name = PyUnicode_CHECK_INTERNED(object);
	}
}

int pr_image_watch(void)
{
	find_names();
	watching = true;
	rehearsal.freed = NULL; /* what is new has its own pages, behind those that are watched */
	rehearsal.used = (rehearsal.used + PAGE - 1) & ~(PAGE - 1);
	struct sigaction action = { .sa_sigaction = touched, .sa_flags = SA_SIGINFO | SA_RESTART };
	if (sigaction(SIGSEGV, &action, NULL) < 0)
		return -1;
	return mprotect(rehearsal_room, rehearsal.used, PROT_NONE);
}

int pr_image_write_profile(const char *path)
{
	const size_t size = demands * sizeof(*profile);
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	return write(fd, profile, size) == (ssize_t)size ? 0 : -1;
}
