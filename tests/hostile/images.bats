#!/usr/bin/env bats
# Layers and documents that were made to do harm: refused with one line, nothing outside touched, nothing left.

bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	mkdir "$BATS_TEST_TMPDIR/outside"
	echo precious > "$BATS_TEST_TMPDIR/outside/file"
}

teardown()
{
	[ "$(cat "$BATS_TEST_TMPDIR/outside/file")" = precious ]
	[ "$(ls "$BATS_TEST_TMPDIR/outside")" = file ]
	engine_teardown
}

# archive FILE < lines of python that add to t; e(name, **attributes) makes an entry.
archive()
{
	OUTSIDE=$BATS_TEST_TMPDIR/outside python3 -c '
import io, os, sys, tarfile
out = os.environ["OUTSIDE"]
t = tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT)
def e(name, data=None, **k):
    i = tarfile.TarInfo(name)
    for key, value in k.items(): setattr(i, key, value)
    if data is not None: i.size = len(data)
    t.addfile(i, io.BytesIO(data) if data is not None else None)
exec(sys.stdin.read())
t.close()' "$1"
}

refused()
{
	run -1 tare import "$BATS_TEST_TMPDIR/bad.tar" bad
	[ "${#lines[@]}" = 1 ]
	[[ $output == *"$1"* ]]
	[ -z "$(ls "$TARE_ROOT/layers" "$TARE_ROOT/blobs/sha256" "$TARE_ROOT/tmp" "$TARE_ROOT/images/id" | grep -v :)" ]
}

@test "names that climb are refused" {
	archive "$BATS_TEST_TMPDIR/bad.tar" <<< 'e("../../../../../../../../" + out + "/file", b"x")'
	refused '".."'
	archive "$BATS_TEST_TMPDIR/bad.tar" <<< 'e("h", type=tarfile.LNKTYPE, linkname="../../" + out + "/file")'
	refused '".."'
}

@test "absolute names and symlinks stay inside the layer" {
	archive "$BATS_TEST_TMPDIR/ok.tar" <<'PY'
e(out + "/abs", b"x")
e("link", type=tarfile.SYMTYPE, linkname=out)
e("link/through", b"x")
e("up", type=tarfile.SYMTYPE, linkname="../../../../../../.." + out)
e("up/too", b"x")
PY
	tare import "$BATS_TEST_TMPDIR/ok.tar" ok
}

@test "hard links out of the layer, through symlinks, to directories are refused" {
	for line in 'e("h", type=tarfile.LNKTYPE, linkname=out + "/file")' \
		'e("s", type=tarfile.SYMTYPE, linkname=out); e("h", type=tarfile.LNKTYPE, linkname="s/file")' \
		'e("d", type=tarfile.DIRTYPE); e("h", type=tarfile.LNKTYPE, linkname="d")'; do
		archive "$BATS_TEST_TMPDIR/bad.tar" <<< "$line"
		refused "hard link"
	done
}

@test "whiteouts of nothing and devices that are whiteouts are refused" {
	for name in .wh. .wh.. .wh...; do
		archive "$BATS_TEST_TMPDIR/bad.tar" <<< "e('d/$name', b'')"
		refused "whiteout"
	done
	archive "$BATS_TEST_TMPDIR/bad.tar" <<< 'e("c", type=tarfile.CHRTYPE, devmajor=0, devminor=0)'
	refused "whiteout"
}

@test "overlay's own attributes are dropped" {
	archive "$BATS_TEST_TMPDIR/x.tar" <<< 'e("d", type=tarfile.DIRTYPE, pax_headers={
		"SCHILY.xattr.trusted.overlay.opaque": "y", "SCHILY.xattr.user.overlay.opaque": "y", "SCHILY.xattr.user.ok": "1"})'
	tare import "$BATS_TEST_TMPDIR/x.tar" x
	run -0 python3 -c 'import os, sys; print(os.listxattr(sys.argv[1]))' "$(echo "$TARE_ROOT"/layers/*/d)"
	[ "$output" = "['user.ok']" ]
}

@test "a sparse giant, a truncated archive and garbage are refused" {
	archive "$BATS_TEST_TMPDIR/bad.tar" <<< 'i = tarfile.TarInfo("big"); i.size = 1 << 60; t.fileobj.write(i.tobuf(tarfile.GNU_FORMAT))'
	refused "larger than"
	archive "$BATS_TEST_TMPDIR/bad.tar" <<< 'e("f", b"x" * 100000)'
	truncate -s 50000 "$BATS_TEST_TMPDIR/bad.tar"
	refused "damaged"
	echo "no archive at all, only words" > "$BATS_TEST_TMPDIR/bad.tar"
	refused "damaged"
	archive "$BATS_TEST_TMPDIR/bad.tar" <<< 'e("f", b"x")'
	gzip "$BATS_TEST_TMPDIR/bad.tar"
	printf garbage >> "$BATS_TEST_TMPDIR/bad.tar.gz"
	mv "$BATS_TEST_TMPDIR/bad.tar.gz" "$BATS_TEST_TMPDIR/bad.tar"
	refused "damaged"
}

@test "a decompression bomb is refused and leaves nothing" {
	python3 - "$BATS_TEST_TMPDIR/bad.tar" <<'PY'
import gzip, sys, tarfile
i = tarfile.TarInfo("zeros"); i.size = 600 << 20
with gzip.open(sys.argv[1], "wb", 9) as f:
    f.write(i.tobuf())
    for _ in range(600): f.write(bytes(1 << 20))
    f.write(bytes(1024))
PY
	refused "bomb"
}

@test "a layer whose digest is not the promised one is refused" {
	make_box
	tare save -o "$BATS_TEST_TMPDIR/box.tar" box
	tare rmi box
	mkdir "$BATS_TEST_TMPDIR/d"
	tar -C "$BATS_TEST_TMPDIR/d" -xf "$BATS_TEST_TMPDIR/box.tar"
	layer=$(echo "$BATS_TEST_TMPDIR"/d/*/layer.tar)
	chmod u+w "$layer"
	printf X | dd of="$layer" bs=1 seek=600 conv=notrunc status=none
	run -1 tare load -i "$BATS_TEST_TMPDIR/d"
	[[ $output == *"expected sha256:"*"got sha256:"* || $output == *"damaged"* ]]
	[ -z "$(ls "$TARE_ROOT/layers" "$TARE_ROOT/images/id" "$TARE_ROOT/tmp" | grep -v :)" ]
}
