# bash completion for tare-oci; written by tools/gen-docs from the option tables

_tare_oci()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= i words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--root|-r|--log|-l|--log-format|--log-level|--cgroup-manager|--rootless|--trace) ((i++)) ;;
		-*) ;;
		*) cmd=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $cmd in
	'')
		case $prev in
		--root|-r) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--log|-l) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--log-format) COMPREPLY=($(compgen -W 'text json' -- "$cur")); return ;;
		--log-level) COMPREPLY=($(compgen -W 'error warning warn info debug' -- "$cur")); return ;;
		--cgroup-manager) COMPREPLY=($(compgen -W 'cgroupfs systemd disabled' -- "$cur")); return ;;
		--rootless) return ;;
		--trace) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		esac
		words='check checkpoint create delete events exec features help kill list mounts pause ps restore resume run spec start state update version --root -r --log -l --log-format --log-level --debug --systemd-cgroup -s --cgroup-manager --rootless --trace --version -v --help -h' ;;
	check)
		case $prev in
		--format|-f) COMPREPLY=($(compgen -W 'table json' -- "$cur")); return ;;
		--config) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		esac
		words='--format -f --config --help -h'
		[[ $cur == -* ]] || { COMPREPLY=($(compgen -d -- "$cur")); return; } ;;
	checkpoint)
		case $prev in
		--image-path) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--work-path) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--manage-cgroups-mode) COMPREPLY=($(compgen -W 'soft full strict ignore' -- "$cur")); return ;;
		--network-lock) COMPREPLY=($(compgen -W 'iptables nftables skip' -- "$cur")); return ;;
		--empty-ns) return ;;
		--parent-path) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--status-fd) return ;;
		--page-server) return ;;
		esac
		words='--image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode --network-lock --lazy-pages --empty-ns --auto-dedup --parent-path --leave-running --tcp-skip-in-flight --link-remap --status-fd --page-server --pre-dump --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	create)
		case $prev in
		--bundle|-b) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--config|-f) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--console-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--pidfd-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--pid-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--preserve-fds) return ;;
		esac
		words='--bundle -b --config -f --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --no-subreaper --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	delete)
		case $prev in
		esac
		words='--force -f --regex -r --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	events)
		case $prev in
		--interval) return ;;
		esac
		words='--interval --stats --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	exec)
		case $prev in
		--console-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--pidfd-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--cwd) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--env|-e) return ;;
		--user|-u) return ;;
		--additional-gids|-g) return ;;
		--process|-p) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--pid-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--process-label) return ;;
		--apparmor) return ;;
		--cap|-c) return ;;
		--preserve-fds) return ;;
		--cgroup) return ;;
		esac
		words='--console-socket --pidfd-socket --cwd --env -e --tty -t --user -u --additional-gids -g --process -p --detach -d --pid-file --process-label --apparmor --no-new-privs --cap -c --preserve-fds --cgroup --ignore-paused --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	features)
		case $prev in
		esac
		words='--help -h' ;;
	help)
		case $prev in
		esac
		words='--help -h'
		words+=' check checkpoint create delete events exec features help kill list mounts pause ps restore resume run spec start state update version' ;;
	kill)
		case $prev in
		esac
		words='--all -a --regex -r --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	list)
		case $prev in
		--format|-f) COMPREPLY=($(compgen -W 'table json' -- "$cur")); return ;;
		esac
		words='--format -f --quiet -q --help -h' ;;
	mounts)
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	pause)
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	ps)
		case $prev in
		--format|-f) COMPREPLY=($(compgen -W 'table json' -- "$cur")); return ;;
		esac
		words='--format -f --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	restore)
		case $prev in
		--image-path) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--work-path) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--manage-cgroups-mode) COMPREPLY=($(compgen -W 'soft full strict ignore' -- "$cur")); return ;;
		--network-lock) COMPREPLY=($(compgen -W 'iptables nftables skip' -- "$cur")); return ;;
		--empty-ns) return ;;
		--lsm-profile) return ;;
		--lsm-mount-context) return ;;
		--bundle|-b) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--pid-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--console-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		esac
		words='--image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode --network-lock --lazy-pages --empty-ns --auto-dedup --tcp-close --lsm-profile --lsm-mount-context --bundle -b --detach -d --pid-file --console-socket --no-subreaper --no-pivot --no-new-keyring --keep --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	resume)
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	run)
		case $prev in
		--bundle|-b) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--config|-f) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--console-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--pidfd-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--pid-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--preserve-fds) return ;;
		esac
		words='--bundle -b --config -f --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --no-subreaper --detach -d --keep --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	spec)
		case $prev in
		--bundle|-b) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--file|-f) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		esac
		words='--bundle -b --file -f --rootless --help -h' ;;
	start)
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	state)
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	update)
		case $prev in
		--resources|-r) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--blkio-weight) return ;;
		--cpu-period) return ;;
		--cpu-quota) return ;;
		--cpu-burst) return ;;
		--cpu-share) return ;;
		--cpu-rt-period) return ;;
		--cpu-rt-runtime) return ;;
		--cpuset-cpus) return ;;
		--cpuset-mems) return ;;
		--cpu-idle) return ;;
		--memory) return ;;
		--memory-reservation) return ;;
		--memory-swap) return ;;
		--pids-limit) return ;;
		--l3-cache-schema) return ;;
		--mem-bw-schema) return ;;
		esac
		words='--resources -r --blkio-weight --cpu-period --cpu-quota --cpu-burst --cpu-share --cpu-rt-period --cpu-rt-runtime --cpuset-cpus --cpuset-mems --cpu-idle --memory --memory-reservation --memory-swap --pids-limit --l3-cache-schema --mem-bw-schema --help -h'
		[[ $cur == -* ]] || words=$(tare-oci list -q 2>/dev/null) ;;
	version)
		case $prev in
		esac
		words='--help -h' ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _tare_oci tare-oci
