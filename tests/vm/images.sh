# shellcheck shell=bash
# Build and cache what the guests boot from: root file system, kernel and modules, initramfs, images of shared
# directories. Everything is kept in $cache under a name made of what it depends on; a build goes to a temporary name
# first and is renamed when complete, so an interrupted one is never used. Sourced by tests/vm/run.

mirror=${TARE_VM_MIRROR:-http://deb.debian.org/debian}
suite=bookworm
boot_modules="virtio_blk virtio_pci virtio_console"

die() {
	echo "tests/vm/run: $*" >&2
	exit 125
}

say() { [ -n "${verbose:-}" ] && echo "tests/vm/run: $*" >&2 || :; }

key() { sha256sum | cut -c1-12; }

# image DIR FILE SPARE_MIB: an ext4 image of DIR with that much free space
image() {
	local mib
	mib=$(($(du -sm --apparent-size "$1" | cut -f1) * 11 / 10 + $(find "$1" | wc -l) / 512 + 16 + $3))
	rm -f "$2"
	truncate -s "${mib}M" "$2"
	mkfs.ext4 -q -F -m 0 -O ^has_journal,^resize_inode -E root_owner=0:0,lazy_itable_init=1 -d "$1" "$2" ||
		die "mkfs.ext4 $2"
}

# What we need here, installed where it is missing and may be.
need_tools() {
	local tool package missing=()
	for tool in qemu-system-x86_64:qemu-system-x86 mmdebstrap:mmdebstrap mkfs.ext4:e2fsprogs xz:xz-utils; do
		package=${tool#*:} tool=${tool%:*}
		command -v "$tool" >/dev/null || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || die "not installed: ${missing[*]}"
	echo "tests/vm/run: installing ${missing[*]}" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >&2
	apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null ||
		die "apt-get install ${missing[*]}"
}

# debian VARIANT PACKAGES SUITE DIR [MMDEBSTRAP OPTION…]
debian() {
	local variant=$1 packages=$2 suite=$3 dir=$4
	shift 4
	command -v mmdebstrap >/dev/null || die "mmdebstrap is not installed"
	mmdebstrap --quiet --variant="$variant" --include="$packages" "$@" "$suite" "$dir" "$mirror" >"$cache/mmdebstrap.log" 2>&1 ||
		die "mmdebstrap $suite: $(tail -n 3 "$cache/mmdebstrap.log" | tr '\n' ' ') (see $cache/mmdebstrap.log)"
}

# What a system with systemd starts on its own and our tests do not need.
mask_units="getty@tty1.service serial-getty@ttyS0.service serial-getty@hvc0.service systemd-timesyncd.service
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer e2scrub_reap.service
	systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-journal-flush.service
	systemd-random-seed.service systemd-binfmt.service systemd-pstore.service systemd-udev-settle.service
	systemd-hwdb-update.service ldconfig.service systemd-firstboot.service systemd-sysusers.service
	systemd-machine-id-commit.service systemd-remount-fs.service systemd-udev-trigger.service
	systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket
	systemd-modules-load.service modprobe@drm.service modprobe@efi_pstore.service modprobe@configfs.service
	modprobe@fuse.service modprobe@dm_mod.service modprobe@loop.service dev-hugepages.mount sys-kernel-debug.mount
	sys-kernel-tracing.mount sys-kernel-config.mount systemd-tmpfiles-clean.timer console-getty.service"

# Fit a fresh Debian tree out as our guest.
furnish() {
	local root=$1 unit
	printf 'tare-vm\n' >"$root/etc/hostname"
	printf '127.0.0.1 localhost tare-vm\n' >"$root/etc/hosts"
	: >"$root/etc/fstab"
	printf 'b0a7c4e25d6f4f0e8f1f6c1d2e3a4b5c\n' >"$root/etc/machine-id"
	chroot "$root" useradd -m -s /bin/bash -u 1000 tester
	printf 'tester:100000:65536\n' | tee "$root/etc/subuid" >"$root/etc/subgid"
	mkdir -p "$root/var/lib/systemd/linger" "$root/etc/systemd/system/user@.service.d"
	: >"$root/var/lib/systemd/linger/tester"
	printf '[Service]\nDelegate=cpu cpuset io memory pids\n' >"$root/etc/systemd/system/user@.service.d/delegate.conf"
	for unit in $mask_units; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	ln -sf multi-user.target "$root/etc/systemd/system/default.target"
	rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/usr/share/{doc,man,locale,info}
}

# Sets $root_image and $busybox.
build_root() {
	local list k tmp more
	more=$(printf '%s\n' ${packages[@]+"${packages[@]}"} | sort -u)
	list=$({ grep -v '^#' "$here/packages" && echo "$more"; } | sed '/^$/d' | paste -sd,)
	k=$({ echo "$suite" && cat "$here/packages" && printf '%s' "$more" && declare -f furnish && echo "$mask_units"; } | key)
	root_image=$cache/root-$k.ext4 busybox=$cache/busybox-$k
	[ -e "$root_image" ] && return
	echo "tests/vm/run: building the guest's root file system (once)" >&2
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	# dpkg would wait for the disk at each file, and the tree is thrown away if this is cut short
	debian essential "$list" "$suite" "$tmp/root" --dpkgopt=force-unsafe-io
	furnish "$tmp/root"
	cp "$tmp/root/bin/busybox" "$busybox"
	image "$tmp/root" "$tmp/image" 1024
	mv "$tmp/image" "$root_image"
	rm -rf "$tmp"
}

# build_kernel NAME: 6.1 (Debian 12's), backports (the newest for Debian 12), sid. Sets $kernel and $modules_image.
build_kernel() {
	local name=$1 from=$suite tmp tree version options=()
	case $name in
	6.1) ;;
	backports) from=$suite-backports options=("deb $mirror $suite main") ;;
	sid) from=sid options=() ;;
	*) die "--kernel $name: want 6.1, backports or sid" ;;
	esac
	kernel=$cache/kernel-$name modules_image=$cache/modules-$name.ext4 modules=$cache/modules-$name
	[ -e "$kernel" ] && return
	echo "tests/vm/run: fetching the kernel $name (once)" >&2
	tmp=$(mktemp -d "$cache/tmp.XXXXXX") tree=$tmp/tree
	fetch_kernel "$from" "$tree"
	version=$(basename "$tree"/boot/vmlinuz-* | sed 's/^vmlinuz-//')
	find "$tree" -name '*.ko.xz' -exec xz -d {} +
	chroot "$tree" depmod "$version" || die "depmod $version"
	mkdir -p "$tmp/lib"
	mv "$tree"/lib/modules "$tmp/lib/"
	rm -rf "$modules" && mkdir -p "$modules"
	copy_boot_modules "$tmp/lib/modules/$version"
	image "$tmp/lib/modules" "$tmp/image" 4
	mv "$tmp/image" "$modules_image"
	mv "$tree/boot/vmlinuz-$version" "$kernel"
	rm -rf "$tmp"
}

# fetch_kernel SUITE DIR: the newest cloud kernel of SUITE, unpacked but not installed
fetch_kernel() {
	local from=$1 tree=$2
	# A mirror's sid or backports index expires after days; a machine whose clock is off must not fail for that.
	if [ "$from" = "$suite-backports" ]; then
		debian extract linux-image-cloud-amd64 "$suite" "$tree" --aptopt='Acquire::Check-Valid-Until "false"' \
			--aptopt="APT::Default-Release \"$from\"" --setup-hook="echo deb $mirror $from main >>\"\$1/etc/apt/sources.list\""
	else
		debian extract linux-image-cloud-amd64 "$from" "$tree" --aptopt='Acquire::Check-Valid-Until "false"'
	fi
	[ -n "$(ls "$tree"/boot/vmlinuz-* 2>/dev/null)" ] || die "$from: the package holds no kernel"
}

# Copy the modules that the root device and the result channel need, in the order to load them.
copy_boot_modules() {
	local dir=$1 module file deps
	: >"$modules/order"
	for module in $boot_modules; do
		file=$(find "$dir" -name "$module.ko" -printf '%P\n' | head -n 1)
		[ -n "$file" ] || continue # built in
		deps=$(sed -n "s|^$file: *||p" "$dir/modules.dep")
		for file in $(printf '%s\n' $deps | tac) $file; do
			grep -qx "$(basename "$file")" "$modules/order" && continue
			cp "$dir/$file" "$modules/"
			basename "$file" >>"$modules/order"
		done
	done
}

# build_initramfs OUT COMMAND_DIR: our boot script, busybox, modules, the guest's scripts and this run's commands
build_initramfs() {
	local tree=$run/initramfs
	mkdir -p "$tree"/{bin,dev,proc,sys,sysroot,modules,guest}
	cp "$busybox" "$tree/bin/busybox"
	ln -s busybox "$tree/bin/sh"
	cp "$here/guest/init" "$tree/init"
	cp "$modules"/* "$tree/modules/"
	cp "$here"/guest/* "$2"/* "$tree/guest/"
	(cd "$tree" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$1"
}

# share DIR: an image of DIR, kept as long as nothing in it changes. Sets $share_image.
share() {
	local k
	k=$({ echo "$1" && find "$1" -name .git -prune -o -printf '%P %y %m %s %T@ %l\n' | sort; } | key)
	share_image=$cache/share-$(basename "$1")-$k.ext4
	[ -e "$share_image" ] && return
	rm -f "$cache/share-$(basename "$1")"-*.ext4
	image "$1" "$run/share" 256
	mv "$run/share" "$share_image"
}
