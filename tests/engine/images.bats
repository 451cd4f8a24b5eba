#!/usr/bin/env bats
# Images: in, out, names, removal.

bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	make_box
}

teardown()
{
	engine_teardown
}

id_of()
{
	tare images -q --no-trunc "$1"
}

@test "what is saved loads again with the same id, in both formats" {
	id=$(id_of box)
	for format in docker-archive oci-archive; do
		tare save --format "$format" -o "$BATS_TEST_TMPDIR/$format.tar" box
		tare rmi box
		[ -z "$(tare images -q)" ]
		run -0 tare load -i "$BATS_TEST_TMPDIR/$format.tar"
		[ "$output" = "Loaded image: box:latest" ]
		[ "$(id_of box)" = "$id" ]
	done
}

@test "compressed archives, pipes and folders load" {
	tare save -o "$BATS_TEST_TMPDIR/box.tar" box
	id=$(id_of box)
	gzip -k "$BATS_TEST_TMPDIR/box.tar"
	xz -1 -k "$BATS_TEST_TMPDIR/box.tar"
	mkdir "$BATS_TEST_TMPDIR/dir"
	tar -C "$BATS_TEST_TMPDIR/dir" -xf "$BATS_TEST_TMPDIR/box.tar"
	for from in box.tar.gz box.tar.xz dir; do
		tare rmi box
		run -0 tare load -i "$BATS_TEST_TMPDIR/$from"
		[ "$(id_of box)" = "$id" ]
	done
	tare rmi box
	tare load < <(cat "$BATS_TEST_TMPDIR/box.tar.gz")
	[ "$(id_of box)" = "$id" ]
}

@test "a container's changes are listed, committed and exported" {
	tare run --name cc box sh -c 'echo new > /new; rm /bin/vi; rm -r /root; mkdir /root; echo z > /root/z'
	run -0 tare diff cc
	[[ $output == *"A /new"* && $output == *"D /bin/vi"* && $output == *"A /root/z"* && $output == *"C /root"* ]]
	one=$(SOURCE_DATE_EPOCH=1 tare commit -c 'CMD ["cat", "/new"]' cc changed)
	two=$(SOURCE_DATE_EPOCH=1 tare commit -c 'CMD ["cat", "/new"]' cc changed)
	[ "$one" = "$two" ]
	run -0 tare run --rm changed
	[ "$output" = new ]
	run -1 tare run --rm changed ls /bin/vi
	tare export cc > "$BATS_TEST_TMPDIR/a.tar"
	tare export cc | cmp - "$BATS_TEST_TMPDIR/a.tar"
	tar tf "$BATS_TEST_TMPDIR/a.tar" | grep -x new
	[ -z "$(tar tf "$BATS_TEST_TMPDIR/a.tar" | grep -x bin/vi)" ]
	tare rm cc
}

@test "rmi takes names away one by one, then the image and its layers" {
	tare tag box box:2
	run -0 tare rmi box:2
	[ "$output" = "Untagged: box:2" ]
	tare create --name user box true
	run -1 tare rmi box
	[[ $output == *"conflict"*"uses it"* ]]
	tare rm user
	run -0 tare rmi box
	[[ $output == *"Untagged: box:latest"*"Deleted: sha256:"* ]]
	[ -z "$(ls "$TARE_ROOT/layers" "$TARE_ROOT/tmp" | grep -v :)" ]
	[ -z "$(ls "$TARE_ROOT/blobs/sha256")" ]
	run -1 tare rmi box
	[[ $output == *"No such image: box"* ]]
}

@test "import applies changes, and images of the same tree share the layer" {
	tare import -c 'ENV A=b c' -c 'USER user' "$BATS_FILE_TMPDIR/box" other
	run -0 tare run --rm other sh -c 'echo $A; id -u'
	[ "$output" = $'b c\n1000' ]
	tare import "$BATS_FILE_TMPDIR/box" third
	[ "$(ls "$TARE_ROOT/layers" | wc -l)" -le 2 ]
}

@test "a load that is killed leaves nothing that the next one does not clear" {
	tare save -o "$BATS_TEST_TMPDIR/box.tar" box
	tare rmi box
	for n in 1 2 3 4 5 6 7 8; do
		timeout -s KILL "0.00$n" "$TARE" load -q -i "$BATS_TEST_TMPDIR/box.tar" > /dev/null 2>&1 || true
	done
	wait_until 5 sh -c '! pgrep -f "tare-fetch load --data" >/dev/null' || true
	tare load -q -i "$BATS_TEST_TMPDIR/box.tar"
	[ -z "$(ls "$TARE_ROOT/tmp")" ]
	[ "$(tare run --rm box echo ok)" = ok ]
}

@test "image prune takes what has no name, with -a what no container uses" {
	tare run --name cc box sh -c 'echo x > /x'
	tare commit -m "what was done" -a me cc one
	[ "$(tare inspect --format '{{.Comment}}, {{.Author}}' one)" = "what was done, me" ]
	tare import "$BATS_FILE_TMPDIR/box" one
	run -0 tare image prune -f
	[[ $output == *"deleted: sha256:"*"Total reclaimed space:"* ]]
	[ "$(tare images -q one | wc -l)" = 1 ]
	run -0 tare image prune -a -f
	[[ $output == *"untagged: one:latest"* ]]
	[ -n "$(tare images -q box)" ]
	tare rm cc
}

@test "save --format oci-dir writes a folder that loads here and elsewhere" {
	id=$(id_of box)
	run -1 tare save --format oci-dir box
	[[ "$output" == *"needs the folder: --output DIR"* ]]
	tare save --format oci-dir -o "$BATS_TEST_TMPDIR/layout" box
	[ "$(cd "$BATS_TEST_TMPDIR/layout" && ls | tr '\n' ' ')" = "blobs index.json oci-layout " ]
	run -1 tare save --format oci-dir -o "$BATS_TEST_TMPDIR/layout" box
	[[ "$output" == *"is not empty"* ]]
	if command -v skopeo > /dev/null; then
		skopeo inspect --config --raw "oci:$BATS_TEST_TMPDIR/layout" | sha256sum | grep -q "^${id#sha256:}"
	fi
	tare rmi box
	run -0 tare load -i "$BATS_TEST_TMPDIR/layout"
	[ "$output" = "Loaded image: box:latest" ]
	[ "$(id_of box)" = "$id" ]
}

@test "a layout whose image has only a tag is called after its file" {
	command -v skopeo > /dev/null || skip "needs skopeo"
	tare save -o "$BATS_TEST_TMPDIR/box.tar" box
	skopeo copy -q "docker-archive:$BATS_TEST_TMPDIR/box.tar" "oci-archive:$BATS_TEST_TMPDIR/tool.oci.tar:3.1"
	tare rmi box
	run -0 tare load -i "$BATS_TEST_TMPDIR/tool.oci.tar"
	[ "$output" = "Loaded image: localhost/tool:3.1" ]
	run -0 tare run --rm tool:3.1 echo found
	[ "$output" = found ]
	run -0 tare load --name mine:1 -i "$BATS_TEST_TMPDIR/tool.oci.tar"
	[ "$output" = "Loaded image: mine:1" ]
	run -0 tare load < "$BATS_TEST_TMPDIR/tool.oci.tar"
	[[ "$output" == "Loaded image ID: sha256:"* ]]
}

@test "a directory that an archive only implies can be entered by everybody" {
	need_root
	make_tree "$BATS_TEST_TMPDIR/tree"
	mkdir -p "$BATS_TEST_TMPDIR/tree/implied/deep"
	echo hello > "$BATS_TEST_TMPDIR/tree/implied/deep/file"
	(cd "$BATS_TEST_TMPDIR/tree" && tar -cf ../implied.tar bin etc proc sys dev tmp implied/deep/file)
	tare import "$BATS_TEST_TMPDIR/implied.tar" implied:latest
	run -0 tare run --rm -u 1000 implied cat /implied/deep/file
	[ "$output" = hello ]
}

@test "a layer that an image has several times; a whiteout between them" {
	local from=box n
	for n in 1 2 3; do # nothing is changed: three times the empty layer
		tare create --name "c$n" "$from" true
		tare commit -q "c$n" "same:$n"
		tare rm "c$n"
		from=same:$n
	done
	[ "$(tare inspect -f '{{len .RootFS.Layers}}' same:3)" -ge 3 ]
	run -0 tare run --rm same:3 echo runs
	[ "$output" = runs ]
	tare run --name add box sh -c 'echo one > /again; touch -d @0 /again /'
	tare commit -q add again:1 && tare rm add
	tare run --name gone again:1 rm /again
	tare commit -q gone again:2 && tare rm gone
	run -1 tare run --rm again:2 cat /again
	tare run --name add again:2 sh -c 'echo one > /again; touch -d @0 /again /'
	tare commit -q add again:3 && tare rm add
	run -0 tare run --rm again:3 cat /again
	[ "$output" = one ]
}
