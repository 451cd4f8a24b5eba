#!/usr/bin/env bats
# What skopeo, umoci, podman and docker write loads here, and what is saved here loads there: always with the same config,
# byte by byte. A tool that is not installed is a skip.

bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	make_box
	id=$(tare images -q --no-trunc box)
	cd "$BATS_TEST_TMPDIR"
}

teardown()
{
	if [ -n "${DOCKERD:-}" ]; then
		kill "$DOCKERD"
		wait "$DOCKERD" || true
	fi
	for left in podman/overlay podman; do
		if mountpoint -q "$BATS_TEST_TMPDIR/$left"; then umount -l "$BATS_TEST_TMPDIR/$left"; fi
	done
	engine_teardown
}

need()
{
	command -v "$1" > /dev/null || skip "needs $1"
}

copy()
{
	skopeo --insecure-policy copy -q "$@"
}

# loads FILE [NAME]: it is the image, and its layers are right.
loads()
{
	tare rmi -f "$id" > /dev/null
	[ -z "$(tare images -q)" ]
	run -0 tare load -q -i "$1"
	echo "$1: $output"
	[ "$(tare images -q --no-trunc)" = "$id" ]
	[ -z "${2:-}" ] || [ "$(tare images -q --no-trunc "$2")" = "$id" ]
	tare save "$id" > /dev/null # every digest is verified
	run -0 tare system check
}

podman_()
{
	podman --root "$BATS_TEST_TMPDIR/podman" --runroot "$BATS_TEST_TMPDIR/podman-run" --storage-driver vfs \
		--cgroup-manager cgroupfs "$@"
}

@test "skopeo: layouts and archives, each compression, both ways" {
	need skopeo
	tare save --format oci-archive -o saved.oci box
	tare save -o saved.docker box
	for from in oci-archive:saved.oci docker-archive:saved.docker; do
		[ "sha256:$(skopeo inspect --config --raw "$from" | sha256sum | cut -d' ' -f1)" = "$id" ]
		rm -rf layout* a.oci a.docker
		copy "$from" oci:layout:v1
		loads layout
		copy --dest-compress --dest-compress-format zstd "$from" oci:layout-zstd:v1
		loads layout-zstd
		copy --dest-compress --dest-compress-format gzip "$from" oci:layout-gzip:v1
		loads layout-gzip
		copy --dest-decompress "$from" oci:layout-plain:v1
		loads layout-plain
		copy "$from" oci-archive:a.oci:example.com/a/b:v2
		loads a.oci example.com/a/b:v2
		copy "$from" docker-archive:a.docker:example.com/a/b:v3
		loads a.docker example.com/a/b:v3
		for pack in gzip xz "zstd -q"; do
			$pack -c < a.docker > a.packed
			loads a.packed example.com/a/b:v3
		done
	done
}

@test "an index for several platforms: ours, or the one that is asked for" {
	tare save --format oci-archive -o saved.oci box
	mkdir two
	tar -C two -xf saved.oci
	python3 - two <<'PY'
import hashlib, json, os, sys
top = sys.argv[1]
def put(doc):
    data = json.dumps(doc).encode()
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{top}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}
def get(desc):
    with open(f"{top}/blobs/" + desc["digest"].replace(":", "/"), encoding="utf-8") as f:
        return json.load(f)
with open(f"{top}/index.json", encoding="utf-8") as f:
    ours = json.load(f)["manifests"][0]
manifest = get(ours)
config = get(manifest["config"])
native = config["architecture"]
other = "arm64" if native == "amd64" else "amd64"
config["architecture"] = other
manifest["config"].update(put(config))
kind = "application/vnd.oci.image."
theirs = {"mediaType": kind + "manifest.v1+json", "platform": {"os": "linux", "architecture": other}, **put(manifest)}
ours = {"mediaType": kind + "manifest.v1+json", "platform": {"os": "linux", "architecture": native},
        "digest": ours["digest"], "size": ours["size"]}
nested = {"mediaType": kind + "index.v1+json", **put({"schemaVersion": 2, "mediaType": kind + "index.v1+json",
          "manifests": [theirs, ours]}), "annotations": {"org.opencontainers.image.ref.name": "example.com/two:1"}}
with open(f"{top}/index.json", "w", encoding="utf-8") as f:
    json.dump({"schemaVersion": 2, "manifests": [nested]}, f)
with open(f"{top}/../other", "w", encoding="ascii") as f:
    f.write(other)
PY
	loads two example.com/two:1
	run -0 tare load -q --platform "linux/$(cat other)" -i two
	[ "$(tare inspect -f '{{.Architecture}}' example.com/two:1)" = "$(cat other)" ]
	run -1 tare load -q --platform linux/s390x -i two
	[[ $output == *"no image for linux/s390x"* ]]
}

@test "umoci: a layout it changed loads, runs, and unpacks again" {
	need umoci
	need skopeo
	tare save -o saved.docker box
	copy docker-archive:saved.docker oci:layout:v1
	umoci unpack --image layout:v1 bundle
	echo umoci > bundle/rootfs/added
	rm bundle/rootfs/bin/vi
	umoci repack --image layout:v2 bundle > /dev/null
	umoci config --image layout:v2 --config.cmd cat --config.cmd /added
	umoci tag --image layout:v2 example.com/umoci:1
	umoci rm --image layout:v1
	umoci rm --image layout:v2
	run -0 tare load -q -i layout
	run -0 tare run --rm example.com/umoci:1
	[ "$output" = umoci ]
	run ! tare run --rm example.com/umoci:1 test -e /bin/vi
	tare save --format oci-archive -o again.oci example.com/umoci:1
	copy oci-archive:again.oci oci:again:v1
	umoci unpack --image again:v1 bundle2
	[ "$(cat bundle2/rootfs/added)" = umoci ]
	[ ! -e bundle2/rootfs/bin/vi ]
}

@test "podman: what it saves, and what it loads" {
	need podman
	tare save -o saved.docker box
	tare save --format oci-archive -o saved.oci box
	for file in saved.docker saved.oci; do
		podman_ rmi -af > /dev/null
		podman_ load -q -i "$file" > /dev/null
		[ "sha256:$(podman_ images -q --no-trunc | sed s/sha256://)" = "$id" ]
	done
	podman_ tag "${id#sha256:}" example.com/p:1
	podman_ save -q --format docker-archive -o p.docker example.com/p:1
	loads p.docker example.com/p:1
	podman_ save -q --format oci-archive -o p.oci example.com/p:1
	loads p.oci example.com/p:1
	podman_ save -q --format oci-dir -o p.dir example.com/p:1
	loads p.dir
}

@test "docker: what it saves, and what it loads" {
	need dockerd
	need docker
	tare save -o saved.docker box
	local socket=unix://$BATS_TEST_TMPDIR/d.sock
	# Its network is its own: it changes the rules of none that others use.
	unshare -n dockerd -H "$socket" --data-root "$BATS_TEST_TMPDIR/docker" --exec-root "$BATS_TEST_TMPDIR/exec" --pidfile \
		"$BATS_TEST_TMPDIR/pid" --storage-driver vfs --bridge none --iptables=false > dockerd.log 2>&1 3>&- &
	DOCKERD=$!
	wait_until 60 docker -H "$socket" version > /dev/null 2>&1 || { tail -3 dockerd.log; skip "dockerd does not start here"; }
	docker -H "$socket" load -q -i saved.docker > /dev/null
	[ "$(docker -H "$socket" images -q --no-trunc)" = "$id" ]
	docker -H "$socket" tag "$id" example.com/d:1
	docker -H "$socket" save -o d.docker example.com/d:1
	loads d.docker example.com/d:1
}

@test "exports and commits are reproducible" {
	tare create --name rr box true > /dev/null
	tare export rr | sha256sum > one
	tare rm rr > /dev/null
	tare create --name rr box true > /dev/null
	tare export rr | sha256sum > two
	cmp one two
	tare start rr
	tare wait rr > /dev/null || true
	a=$(SOURCE_DATE_EPOCH=5 tare commit rr)
	b=$(SOURCE_DATE_EPOCH=5 tare commit rr)
	[ "$a" = "$b" ]
}
