# bash completion for tare; written by tools/gen-docs from the option tables

_tare()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= i words= IFS=$' \t\n'

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--root|--run-root|--log-level|-l) ((i++)) ;;
		-*) ;;
		container|healthcheck|image|volume|system) cmd+="${cmd:+ }${COMP_WORDS[i]}"; [[ $cmd == *' '* ]] && break ;;
		*) cmd+="${cmd:+ }${COMP_WORDS[i]}"; break ;;
		esac
	done
	case $cmd in
	'')
		case $prev in
		--root) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--run-root) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--log-level|-l) COMPREPLY=($(compgen -W 'error warn warning info debug' -- "$cur")); return ;;
		esac
		words='run create start stop restart kill rm wait rename logs attach exec ps inspect info images history save commit diff apply export load import tag rmi version completion help container healthcheck image volume system --root --run-root --log-level -l --debug -D --version -v --help -h' ;;
	container) words='run create start stop restart kill rm wait rename logs attach exec ls inspect prune commit diff apply export --help' ;;
	healthcheck) words='run --help' ;;
	image) words='inspect ls prune history save load import tag rm --help' ;;
	volume) words='create ls inspect rm prune --help' ;;
	system) words='info df prune check boot seccomp version --help' ;;
	'run'|'container run')
		case $prev in
		--detach-keys) return ;;
		--name) return ;;
		--hostname|-h) return ;;
		--domainname) return ;;
		--label|-l) return ;;
		--label-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--annotation) return ;;
		--cidfile) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--pidfile) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--platform) return ;;
		--pull) COMPREPLY=($(compgen -W 'always missing never' -- "$cur")); return ;;
		--rootfs) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--env|-e) return ;;
		--env-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--unsetenv) return ;;
		--entrypoint) return ;;
		--user|-u) return ;;
		--group-add) return ;;
		--workdir|-w) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--umask) return ;;
		--tz) return ;;
		--attach|-a) COMPREPLY=($(compgen -W 'stdin stdout stderr STDIN STDOUT STDERR' -- "$cur")); return ;;
		--restart) return ;;
		--stop-signal) return ;;
		--stop-timeout) return ;;
		--timeout) return ;;
		--memory|-m) return ;;
		--memory-swap) return ;;
		--memory-reservation) return ;;
		--memory-swappiness) return ;;
		--cpus) return ;;
		--cpu-shares|-c) return ;;
		--cpu-period) return ;;
		--cpu-quota) return ;;
		--cpuset-cpus) return ;;
		--cpuset-mems) return ;;
		--pids-limit) return ;;
		--ulimit) return ;;
		--shm-size) return ;;
		--oom-score-adj) return ;;
		--blkio-weight) return ;;
		--blkio-weight-device) return ;;
		--device-read-bps) return ;;
		--device-write-bps) return ;;
		--device-read-iops) return ;;
		--device-write-iops) return ;;
		--device) return ;;
		--device-cgroup-rule) return ;;
		--cgroup-parent) return ;;
		--cap-add) return ;;
		--cap-drop) return ;;
		--security-opt) return ;;
		--userns) return ;;
		--pid) return ;;
		--ipc) return ;;
		--uts) return ;;
		--cgroupns) return ;;
		--sysctl) return ;;
		--runtime) return ;;
		--volume|-v) return ;;
		--mount) return ;;
		--tmpfs) return ;;
		--volumes-from) return ;;
		--network) return ;;
		--publish|-p) return ;;
		--expose) return ;;
		--dns) return ;;
		--dns-search) return ;;
		--dns-option) return ;;
		--add-host) return ;;
		--health-cmd) return ;;
		--health-interval) return ;;
		--health-timeout) return ;;
		--health-start-period) return ;;
		--health-start-interval) return ;;
		--health-retries) return ;;
		--health-on-failure) COMPREPLY=($(compgen -W 'none restart kill stop' -- "$cur")); return ;;
		--log-driver) COMPREPLY=($(compgen -W 'json-file local journald none' -- "$cur")); return ;;
		--log-opt) return ;;
		esac
		words='--detach -d --detach-keys --sig-proxy --name --replace --hostname -h --domainname --label -l --label-file --annotation --cidfile --pidfile --platform --pull --quiet -q --rootfs --env -e --env-file --env-host --unsetenv --unsetenv-all --entrypoint --user -u --group-add --workdir -w --umask --tz --interactive -i --tty -t --attach -a --init --rm --restart --stop-signal --stop-timeout --timeout --memory -m --memory-swap --memory-reservation --memory-swappiness --cpus --cpu-shares -c --cpu-period --cpu-quota --cpuset-cpus --cpuset-mems --pids-limit --ulimit --shm-size --oom-score-adj --oom-kill-disable --blkio-weight --blkio-weight-device --device-read-bps --device-write-bps --device-read-iops --device-write-iops --device --device-cgroup-rule --cgroup-parent --privileged --cap-add --cap-drop --security-opt --read-only --userns --pid --ipc --uts --cgroupns --sysctl --runtime --volume -v --mount --tmpfs --volumes-from --network --publish -p --publish-all -P --expose --dns --dns-search --dns-option --add-host --health-cmd --health-interval --health-timeout --health-start-period --health-start-interval --health-retries --no-healthcheck --health-on-failure --log-driver --log-opt --help -h'
		[[ $cur == -* ]] || words=$(tare images -f dangling=false --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
	'create'|'container create')
		case $prev in
		--name) return ;;
		--hostname|-h) return ;;
		--domainname) return ;;
		--label|-l) return ;;
		--label-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--annotation) return ;;
		--cidfile) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--pidfile) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--platform) return ;;
		--pull) COMPREPLY=($(compgen -W 'always missing never' -- "$cur")); return ;;
		--rootfs) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--env|-e) return ;;
		--env-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--unsetenv) return ;;
		--entrypoint) return ;;
		--user|-u) return ;;
		--group-add) return ;;
		--workdir|-w) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		--umask) return ;;
		--tz) return ;;
		--attach|-a) COMPREPLY=($(compgen -W 'stdin stdout stderr STDIN STDOUT STDERR' -- "$cur")); return ;;
		--restart) return ;;
		--stop-signal) return ;;
		--stop-timeout) return ;;
		--timeout) return ;;
		--memory|-m) return ;;
		--memory-swap) return ;;
		--memory-reservation) return ;;
		--memory-swappiness) return ;;
		--cpus) return ;;
		--cpu-shares|-c) return ;;
		--cpu-period) return ;;
		--cpu-quota) return ;;
		--cpuset-cpus) return ;;
		--cpuset-mems) return ;;
		--pids-limit) return ;;
		--ulimit) return ;;
		--shm-size) return ;;
		--oom-score-adj) return ;;
		--blkio-weight) return ;;
		--blkio-weight-device) return ;;
		--device-read-bps) return ;;
		--device-write-bps) return ;;
		--device-read-iops) return ;;
		--device-write-iops) return ;;
		--device) return ;;
		--device-cgroup-rule) return ;;
		--cgroup-parent) return ;;
		--cap-add) return ;;
		--cap-drop) return ;;
		--security-opt) return ;;
		--userns) return ;;
		--pid) return ;;
		--ipc) return ;;
		--uts) return ;;
		--cgroupns) return ;;
		--sysctl) return ;;
		--runtime) return ;;
		--volume|-v) return ;;
		--mount) return ;;
		--tmpfs) return ;;
		--volumes-from) return ;;
		--network) return ;;
		--publish|-p) return ;;
		--expose) return ;;
		--dns) return ;;
		--dns-search) return ;;
		--dns-option) return ;;
		--add-host) return ;;
		--health-cmd) return ;;
		--health-interval) return ;;
		--health-timeout) return ;;
		--health-start-period) return ;;
		--health-start-interval) return ;;
		--health-retries) return ;;
		--health-on-failure) COMPREPLY=($(compgen -W 'none restart kill stop' -- "$cur")); return ;;
		--log-driver) COMPREPLY=($(compgen -W 'json-file local journald none' -- "$cur")); return ;;
		--log-opt) return ;;
		esac
		words='--name --replace --hostname -h --domainname --label -l --label-file --annotation --cidfile --pidfile --platform --pull --quiet -q --rootfs --env -e --env-file --env-host --unsetenv --unsetenv-all --entrypoint --user -u --group-add --workdir -w --umask --tz --interactive -i --tty -t --attach -a --init --rm --restart --stop-signal --stop-timeout --timeout --memory -m --memory-swap --memory-reservation --memory-swappiness --cpus --cpu-shares -c --cpu-period --cpu-quota --cpuset-cpus --cpuset-mems --pids-limit --ulimit --shm-size --oom-score-adj --oom-kill-disable --blkio-weight --blkio-weight-device --device-read-bps --device-write-bps --device-read-iops --device-write-iops --device --device-cgroup-rule --cgroup-parent --privileged --cap-add --cap-drop --security-opt --read-only --userns --pid --ipc --uts --cgroupns --sysctl --runtime --volume -v --mount --tmpfs --volumes-from --network --publish -p --publish-all -P --expose --dns --dns-search --dns-option --add-host --health-cmd --health-interval --health-timeout --health-start-period --health-start-interval --health-retries --no-healthcheck --health-on-failure --log-driver --log-opt --help -h'
		[[ $cur == -* ]] || words=$(tare images -f dangling=false --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
	'start'|'container start')
		case $prev in
		--detach-keys) return ;;
		esac
		words='--attach -a --interactive -i --detach-keys --sig-proxy --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'stop'|'container stop')
		case $prev in
		--timeout|-t) return ;;
		--signal|-s) return ;;
		esac
		words='--timeout -t --signal -s --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'restart'|'container restart')
		case $prev in
		--timeout|-t) return ;;
		--signal|-s) return ;;
		esac
		words='--timeout -t --signal -s --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'kill'|'container kill')
		case $prev in
		--signal|-s) return ;;
		esac
		words='--signal -s --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'rm'|'container rm'|'container remove')
		case $prev in
		esac
		words='--force -f --volumes -v --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'wait'|'container wait')
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'rename'|'container rename')
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'logs'|'container logs')
		case $prev in
		--tail|-n) return ;;
		--since) return ;;
		--until) return ;;
		esac
		words='--follow -f --timestamps -t --tail -n --since --until --details --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'attach'|'container attach')
		case $prev in
		--detach-keys) return ;;
		esac
		words='--detach-keys --no-stdin --sig-proxy --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'exec'|'container exec')
		case $prev in
		--detach-keys) return ;;
		--env|-e) return ;;
		--env-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--user|-u) return ;;
		--workdir|-w) COMPREPLY=($(compgen -d -- "$cur")); return ;;
		esac
		words='--detach -d --detach-keys --env -e --env-file --interactive -i --privileged --tty -t --user -u --workdir -w --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'healthcheck run')
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'volume create')
		case $prev in
		--driver|-d) return ;;
		--label) return ;;
		--opt|-o) return ;;
		esac
		words='--driver -d --label --opt -o --help -h'
		[[ $cur == -* ]] || words=$(tare volume ls -q 2>/dev/null) ;;
	'volume ls'|'volume list')
		case $prev in
		--filter|-f) return ;;
		--format) return ;;
		esac
		words='--filter -f --format --quiet -q --help -h' ;;
	'volume inspect')
		case $prev in
		--format|-f) return ;;
		esac
		words='--format -f --help -h'
		[[ $cur == -* ]] || words=$(tare volume ls -q 2>/dev/null) ;;
	'volume rm'|'volume remove')
		case $prev in
		esac
		words='--force -f --help -h'
		[[ $cur == -* ]] || words=$(tare volume ls -q 2>/dev/null) ;;
	'volume prune')
		case $prev in
		--filter) return ;;
		esac
		words='--all -a --filter --force -f --help -h' ;;
	'ps'|'container ls'|'container list'|'container ps')
		case $prev in
		--filter|-f) return ;;
		--format) return ;;
		--last|-n) return ;;
		esac
		words='--all -a --filter -f --format --last -n --latest -l --no-trunc --quiet -q --size -s --help -h' ;;
	'inspect')
		case $prev in
		--format|-f) return ;;
		--type) COMPREPLY=($(compgen -W 'container image volume' -- "$cur")); return ;;
		esac
		words='--format -f --size -s --type --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null; tare images -f dangling=false --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
	'container inspect')
		case $prev in
		--format|-f) return ;;
		esac
		words='--format -f --size -s --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'image inspect')
		case $prev in
		--format|-f) return ;;
		esac
		words='--format -f --size -s --help -h'
		[[ $cur == -* ]] || words=$(tare images -f dangling=false --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
	'container prune')
		case $prev in
		--filter) return ;;
		esac
		words='--filter --force -f --help -h' ;;
	'info'|'system info')
		case $prev in
		--format|-f) return ;;
		esac
		words='--format -f --help -h' ;;
	'system df')
		case $prev in
		--format) return ;;
		esac
		words='--format --verbose -v --help -h' ;;
	'system prune')
		case $prev in
		--filter) return ;;
		esac
		words='--all -a --filter --force -f --volumes --help -h' ;;
	'images'|'image ls'|'image list')
		case $prev in
		--filter|-f) return ;;
		--format) return ;;
		esac
		words='--all -a --digests --filter -f --format --no-trunc --quiet -q --help -h' ;;
	'image prune')
		case $prev in
		esac
		words='--all -a --force -f --help -h' ;;
	'history'|'image history')
		case $prev in
		--format) return ;;
		esac
		words='--format --no-trunc --quiet -q --help -h'
		[[ $cur == -* ]] || words=$(tare images -f dangling=false --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
	'save'|'image save')
		case $prev in
		--output|-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--format) COMPREPLY=($(compgen -W 'docker-archive oci-archive oci-dir' -- "$cur")); return ;;
		esac
		words='--output -o --format --help -h'
		[[ $cur == -* ]] || words=$(tare images -f dangling=false --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
	'commit'|'container commit')
		case $prev in
		--author|-a) return ;;
		--change|-c) return ;;
		--message|-m) return ;;
		esac
		words='--author -a --change -c --message -m --quiet -q --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'diff'|'container diff')
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'apply'|'container apply')
		case $prev in
		--format) return ;;
		esac
		words='--dry-run -n --force -f --format --quiet -q --special --verbose -v --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'export'|'container export')
		case $prev in
		--output|-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		esac
		words='--output -o --help -h'
		[[ $cur == -* ]] || words=$(tare ps -a --format '{{.Names}}' 2>/dev/null) ;;
	'load'|'image load')
		case $prev in
		--input|-i) COMPREPLY=($(compgen -f -- "$cur")); return ;;
		--limit) return ;;
		--name) return ;;
		--platform) return ;;
		esac
		words='--input -i --limit --name --platform --quiet -q --help -h' ;;
	'import'|'image import')
		case $prev in
		--change|-c) return ;;
		--limit) return ;;
		--message|-m) return ;;
		--platform) return ;;
		esac
		words='--change -c --limit --message -m --platform --quiet -q --help -h'
		[[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- "$cur")); return; } ;;
	'tag'|'image tag')
		case $prev in
		esac
		words='--help -h'
		[[ $cur == -* ]] || words=$(tare images -f dangling=false --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
	'rmi'|'image rm'|'image remove')
		case $prev in
		esac
		words='--force -f --help -h'
		[[ $cur == -* ]] || words=$(tare images -f dangling=false --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
	'system check')
		case $prev in
		esac
		words='--repair --help -h' ;;
	'system boot')
		case $prev in
		esac
		words='--help -h' ;;
	'system seccomp')
		case $prev in
		--cap-add) return ;;
		--cap-drop) return ;;
		--platform) return ;;
		--format) COMPREPLY=($(compgen -W 'table json' -- "$cur")); return ;;
		esac
		words='--cap-add --cap-drop --platform --format --help -h' ;;
	'version'|'system version')
		case $prev in
		--format|-f) return ;;
		esac
		words='--format -f --help -h' ;;
	'completion')
		case $prev in
		esac
		words='--help -h'
		words+=' bash zsh fish' ;;
	'help')
		case $prev in
		esac
		words='--help -h'
		words+=' run create start stop restart kill rm wait rename logs attach exec ps inspect info images history save commit diff apply export load import tag rmi version completion help container healthcheck image volume system' ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
	declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
	return 0
}
complete -F _tare tare
