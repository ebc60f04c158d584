# shellcheck shell=sh
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
