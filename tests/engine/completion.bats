#!/usr/bin/env bats
# The generated completions in the shells themselves: commands, options, and what there is to name.
bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	make_box
	tare create --name alpha box true > /dev/null
	tare volume create data > /dev/null
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$TARE" "$BATS_TEST_TMPDIR/bin/tare"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

teardown()
{
	tare volume rm data > /dev/null || true
	engine_teardown
}

# cases ASK: each line is "what was typed|what has to be offered|what must not be".
cases()
{
	local line wanted not out
	while IFS='|' read -r line wanted not; do
		out=$("$1" "$line")
		[[ "$out" == *"$wanted"* ]] || { echo "\"$line\" does not offer $wanted: $out"; return 1; }
		[ -z "$not" ] || [[ "$out" != *"$not"* ]] || { echo "\"$line\" offers $not: $out"; return 1; }
	done <<- 'X'
	tare resta|restart|
	tare run --memory-s|--memory-swappiness|--volume
	tare stop al|alpha|data
	tare --log-level debug container stop al|alpha|data
	tare container sto|stop|alpha
	tare volume rm da|data|alpha
	tare volume ins|inspect|alpha
	tare rmi bo|box:latest|alpha
	tare inspect bo|box:latest|data
	tare tag bo|box:latest|
	tare run --rm bo|box:latest|alpha
	tare completion fi|fish|
	tare help renam|rename|
	tare save --format oci-d|oci-dir|
	X
}

fish_offers()
{
	HOME=$BATS_TEST_TMPDIR fish --no-config -c "source $TOP/completions/tare.fish; complete -C '$1'"
}

bash_offers()
{
	bash --norc -c 'source "$1"/completions/tare.bash; read -ra COMP_WORDS <<< "$2"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		COMP_LINE=$2 COMP_POINT=${#2}; _tare; printf "%s\n" "${COMPREPLY[@]}"' bash "$TOP" "$1"
}

# A shell on a terminal of its own.
zsh_offers()
{
	HOME=$BATS_TEST_TMPDIR zsh -f -c '
		zmodload zsh/zpty
		zpty shell "zsh -f -i"
		zpty -w shell "TERM=dumb; unsetopt zle_bracketed_paste prompt_cr; fpath=($1/completions \$fpath); autoload -Uz compinit; compinit -u -D; setopt no_list_ambiguous; PS1=RE\"\"ADY"
		until zpty -r -m shell out "*READY*"; do :; done
		# One tab, then the line is dropped, and what comes until the next command has run is what it offered.
		zpty -w shell "$2"$'"'\t\x15'"'"echo DO\"\"NE"
		zpty -r -m shell out "*DONE*"
		print -r -- $out
		zpty -d shell' zsh "$TOP" "$1"
}

@test "bash" { cases bash_offers; }

@test "fish" {
	command -v fish > /dev/null || skip "needs fish"
	cases fish_offers
}

@test "zsh" {
	command -v zsh > /dev/null || skip "needs zsh"
	cases zsh_offers
}
