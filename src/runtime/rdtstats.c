/* Cache and memory bandwidth of a resctrl group. Everything here is optional hardware: what a file does not tell
 * is left out. */
#include "runtime/rdtstats.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include "base/fmt.h"
#include "base/str.h"
#include "rdt/rdt.h"
#include "sys/io.h"
#include "sys/path.h"

enum { MAX_FILE = 1 << 16 };

/* The trimmed contents of a small file, or false. */
static bool get(int dirfd, const char *name, struct buf *ret)
{
	struct err ignored = ERR_NONE; /* absent: this machine does not have it */

	ret->len = 0;
	if (io_read_file_at(dirfd, name, MAX_FILE, ret, &ignored) < 0 || !ret->data)
		return false;
	while (ret->len > 0 && (ret->data[ret->len - 1] == '\n' || ret->data[ret->len - 1] == ' '))
		ret->data[--ret->len] = '\0';
	return true;
}

static void comma(struct buf *b)
{
	if (b->len && b->data[b->len - 1] != '{' && b->data[b->len - 1] != '[')
		buf_str(b, ",");
}

static void put_number(int dirfd, const char *file, const char *key, struct buf *ret)
{
	AUTO(buf) struct buf text = BUF_INIT;
	uint64_t v;

	if (!get(dirfd, file, &text) || !parse_u64(text.data, UINT64_MAX, &v))
		return;
	comma(ret);
	buf_printf(ret, "\"%s\":%llu", key, (unsigned long long)v);
}

static void put_info(int rootfd, struct buf *ret)
{
	AUTO(buf) struct buf mask = BUF_INIT;
	auto_fd int l3 = openat(rootfd, "info/L3", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int mb = openat(rootfd, "info/MB", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (l3 >= 0) {
		comma(ret);
		buf_str(ret, "\"l3_cache_info\":{");
		if (get(l3, "cbm_mask", &mask)) {
			buf_str(ret, "\"cbm_mask\":");
			buf_json_str(ret, mask.data);
		}
		put_number(l3, "min_cbm_bits", "min_cbm_bits", ret);
		put_number(l3, "num_closids", "num_closids", ret);
		buf_str(ret, "}");
	}
	if (mb < 0)
		return;
	comma(ret);
	buf_str(ret, "\"mem_bw_info\":{");
	put_number(mb, "bandwidth_gran", "bandwidth_gran", ret);
	put_number(mb, "delay_linear", "delay_linear", ret);
	put_number(mb, "min_bandwidth", "min_bandwidth", ret);
	put_number(mb, "num_closids", "num_closids", ret);
	buf_str(ret, "}");
}

/* The line "    L3:0=ff;1=ff" of a schemata file as "@key":"L3:0=ff;1=ff". */
static void put_schema(const char *schemata, const char *prefix, const char *key, struct buf *ret)
{
	char line[1024];
	const char *p = strstr(schemata, prefix);

	if (!p || !fmt_fits(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p))
		return;
	comma(ret);
	buf_printf(ret, "\"%s\":", key);
	buf_json_str(ret, line);
}

static void put_schemata(char *schemata, struct buf *ret)
{
	char *save;

	put_schema(schemata, "L3:", "l3_cache_schema", ret);
	put_schema(schemata, "MB:", "mem_bw_schema", ret);
	comma(ret);
	buf_str(ret, "\"schemata\":[");
	for (char *l = strtok_r(schemata, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		comma(ret);
		buf_json_str(ret, l + strspn(l, " "));
	}
	buf_str(ret, "]");
}

/* One object per L3 domain: mon_data/mon_L3_00, … */
static void put_monitors(int groupfd, const char *key, const char *const *files, size_t n, struct buf *ret)
{
	int fd = openat(groupfd, "mon_data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		fd_close(&fd);
		return;
	}
	comma(ret);
	buf_printf(ret, "\"%s\":[", key);
	while ((d = readdir(dir))) {
		if (!str_starts(d->d_name, "mon_L3_"))
			continue;
		auto_fd int domain = openat(dirfd(dir), d->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		comma(ret);
		buf_str(ret, "{");
		for (size_t i = 0; i < n; i++)
			put_number(domain, files[i], files[i], ret);
		buf_str(ret, "}");
	}
	buf_str(ret, "]");
	closedir(dir);
}

void rt_rdt_stats(const char *path, struct buf *ret)
{
	static const char *const mbm[] = { "mbm_total_bytes", "mbm_local_bytes" };
	static const char *const cmt[] = { "llc_occupancy" };
	AUTO(buf) struct buf text = BUF_INIT;
	struct err ignored = ERR_NONE; /* statistics are told without it */
	auto_fd int root = rdt_open_root(&ignored);

	if (root < 0)
		return;
	auto_fd int group = path_open_below(root, path + strspn(path, "/"), O_PATH | O_DIRECTORY, &ignored);
	if (group < 0)
		return;
	buf_str(ret, ",\"intel_rdt\":{");
	put_info(root, ret);
	if (get(root, "schemata", &text)) {
		put_schema(text.data, "L3:", "l3_cache_schema_root", ret);
		put_schema(text.data, "MB:", "mem_bw_schema_root", ret);
	}
	if (get(group, "schemata", &text))
		put_schemata(text.data, ret);
	put_monitors(group, "mbm_stats", mbm, ARRAY_SIZE(mbm), ret);
	put_monitors(group, "cmt_stats", cmt, ARRAY_SIZE(cmt), ret);
	buf_str(ret, "}");
}
