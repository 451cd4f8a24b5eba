/* linux.resources.blockIO. */
#include "spec/rc.h"

#include "base/str.h"

enum { MIN_WEIGHT = 10, MAX_WEIGHT = 1000 }; /* cgroup v1 blkio-controller.rst; v2 is converted from this scale */

static int read_weight(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	if (v->kind == JSON_KIND_NUMBER && v->n == 1 && v->text[0] == '0') {
		rd_warn(r, NULL, "0 is no weight, taken as not given"); /* dockerd 20.10 writes it
									   into every config */
		return 0;
	}
	return rd_opt_u64(r, v, f, dst);
}

#define WEIGHT(name, type, member) RD(name, read_weight, type, member, .min = MIN_WEIGHT, .max = MAX_WEIGHT)
#define NUMBER(name, member, limit) RD(name, rd_i64, struct rc_blkio_device, member, RD_MUST, .max = limit)

static int read_weight_device(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		NUMBER("major", major, RC_MAX_MAJOR),
		NUMBER("minor", minor, RC_MAX_MINOR),
		WEIGHT("weight", struct rc_blkio_device, weight),
		WEIGHT("leafWeight", struct rc_blkio_device, leaf_weight),
	};
	const struct rc_blkio_device *d = dst;
	size_t errors = r->n_errors;
	int rc = rd_object(r, v, fields, ARRAY_SIZE(fields), dst);

	if (rc == 0 && r->n_errors == errors && !d->weight.set && !d->leaf_weight.set)
		return rd_fail(r, NULL, NULL, "needs weight, leafWeight or both");
	return rc;
}

static int read_throttle_device(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		NUMBER("major", major, RC_MAX_MAJOR),
		NUMBER("minor", minor, RC_MAX_MINOR),
		RD("rate", rd_u64, struct rc_blkio_device, rate, RD_MUST, .max = UINT64_MAX),
	};

	return rd_object(r, v, fields, ARRAY_SIZE(fields), dst);
}

static int read_devices(struct rd *r, const struct json *v, rd_fn each, struct rc_blkio_list *list)
{
	const struct rd_elements elements = { each, sizeof(struct rc_blkio_device), NULL };
	void *all = NULL;
	int rc = rd_list(r, v, &elements, &all, &list->n);

	list->v = all;
	return rc;
}

static int read_weights(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return read_devices(r, v, read_weight_device, dst);
}

static int read_throttles(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	return read_devices(r, v, read_throttle_device, dst);
}

int rc_read_blkio(struct rd *r, const struct json *v, const struct rd_field *f, void *dst)
{
	static const struct rd_field fields[] = {
		WEIGHT("weight", struct rc_blkio, weight),
		WEIGHT("leafWeight", struct rc_blkio, leaf_weight),
		RD("weightDevice", read_weights, struct rc_blkio, weight_device),
		RD("throttleReadBpsDevice", read_throttles, struct rc_blkio, read_bps),
		RD("throttleWriteBpsDevice", read_throttles, struct rc_blkio, write_bps),
		RD("throttleReadIOPSDevice", read_throttles, struct rc_blkio, read_iops),
		RD("throttleWriteIOPSDevice", read_throttles, struct rc_blkio, write_iops),
	};

	return rc_new_object(r, v, &RC_SHAPE(fields, struct rc_blkio), dst);
}
