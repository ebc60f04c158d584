# shellcheck shell=sh
# shellcheck disable=SC2154 # work, of the script
# How this machine reaches Debian: for scripts that fetch another suite. Sourced.

# Debian mirrors of this machine, the likeliest first. apt reads its own sources, whichever of the
# two formats they have; what counts is the release named there, for nothing may be downloaded yet.
mirrors() {
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"')
	# shellcheck disable=SC2016 # apt fills these in
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v release="${codename:-stable}" '
			$2 != "main" || seen[$3]++ { next }
			$1 != release && $1 != "stable" && $1 != "testing" && $1 != "unstable" { next }
			$3 ~ /\/debian\/?$/ { print $3; next }
			{ later = later $3 "\n" }
			END { printf "%s", later }'
}

keyring() {
	for file in /usr/share/keyrings/debian-archive-keyring.pgp \
		/usr/share/keyrings/debian-archive-keyring.gpg; do
		[ -e "$file" ] || continue
		say "$file"
		return 0
	done
	return 1
}

# debootstrap does not ask apt how it reaches the network.
use_apt_proxies() {
	for scheme in http https; do
		proxy=$(apt-config dump --format '%v' "Acquire::$scheme::Proxy" 2>/dev/null) || proxy=
		case $proxy in
		'' | DIRECT) ;;
		*) export "${scheme}_proxy=$proxy" ;;
		esac
	done
}

# apt with nothing of this machine's in it, except how it reaches the network; its state is in $work.
private_apt() {
	tool=$1
	shift
	"$tool" -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::Etc::Preferences=- -o Dir::Etc::PreferencesParts=- \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
		-o Dir::State::Status="$work/status" -o APT::Sandbox::User=root \
		-o APT::Architecture=amd64 -o Acquire::Languages=none \
		-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
		-o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@"
}

# private_update SUITE...: the lists of these suites, from the first mirror that has them; apt's messages are in
# $work/apt.log.
private_update() {
	keys=$(keyring) || {
		say "the package debian-archive-keyring is not installed" >"$work/apt.log"
		return 1
	}
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	: >"$work/status"
	for mirror in $(mirrors); do
		for one in "$@"; do
			say "deb [arch=amd64 signed-by=$keys] $mirror $one main"
		done >"$work/sources.list"
		# A list that cannot be fetched is only a warning to apt-get: ask it to fail.
		! private_apt apt-get -o APT::Update::Error-Mode=any update >"$work/apt.log" 2>&1 || return 0
	done
	return 1
}
