# shellcheck shell=bash disable=SC2154 # variables of lib
# tests/package/layers on small trees.

layers=$top/tests/package/layers

# put FILE INCLUDED...
put() {
	local file=$1 included
	shift
	mkdir -p "${file%/*}"
	for included; do
		echo "#include \"$included\""
	done >"$file"
}

t_downwards_is_good() {
	put host/base/fs.h
	put host/base/fs.c host/base/fs.h
	put host/text/bdf.h
	put host/pci/driver.c host/base/fs.h host/text/bdf.h
	put host/setup/conf/grubcfg.c host/text/bdf.h host/base/fs.h
	put vmcfg/hostpci.c host/text/bdf.h host/base/fs.h
	put hookscript/plan/plan.c host/text/bdf.h vmcfg/hostpci.h
	put hookscript/main.c host/setup/main.h
	exits 0 "$layers" hookscript/main.c
	expect_line 'good' out
}

t_upwards_is_found() {
	put host/base/fs.c host/pci/driver.h
	put host/pci/driver.c hookscript/plan/plan.h
	put host/usage/disk/disks.c host/setup/conf/grubcfg.h
	put vmcfg/hostpci.c host/pci/driver.h
	put hookscript/plan/plan.c host/setup/check.h
	put other/x.h
	exits 1 "$layers"
	for line in 'host/base/fs.c:1: host/base must not include host/pci/driver.h' \
		'host/pci/driver.c:1: host/pci must not include hookscript/plan/plan.h' \
		'host/usage/disk/disks.c:1: host/usage must not include host/setup/conf/grubcfg.h' \
		'vmcfg/hostpci.c:1: vmcfg must not include host/pci/driver.h' \
		'hookscript/plan/plan.c:1: hookscript/plan must not include host/setup/check.h' \
		'5 includes point upwards, 0 circles'; do
		expect_line "$line" out
	done
}

t_a_directory_without_rule_is_found() {
	put host/new/x.c host/base/fs.h
	exits 1 "$layers"
	expect_line 'host/new/x.c: no rule' out
}

t_circles_are_found() {
	put hookscript/a.h
	put hookscript/a.c hookscript/a.h hookscript/b.h
	put hookscript/b.h hookscript/c.h
	put hookscript/c.h
	put hookscript/c.c hookscript/c.h hookscript/a.h
	put hookscript/d.c hookscript/a.h hookscript/b.h
	exits 1 "$layers"
	expect_line '^a circle: hookscript/a -> hookscript/b -> hookscript/c -> hookscript/a$' out
	expect_line '0 includes point upwards, 1 circles' out
	exits 0 "$layers" -w
	expect_line '^a circle: ' out
}

# Two files that call each other by one header.
t_circles_of_calls_are_found() {
	put hookscript/both.h
	put hookscript/a.c hookscript/both.h
	put hookscript/b.c hookscript/both.h
	mkdir -p build/hookscript
	printf 'void b(void); void a(void); void a(void) { b(); }\n' | cc -x c -c -o build/hookscript/a.o -
	printf 'void a(void); void b(void); void b(void) { a(); }\n' | cc -x c -c -o build/hookscript/b.o -
	exits 0 "$layers"
	exits 1 "$layers" -o build
	expect_line '^a circle: hookscript/a -> hookscript/b -> hookscript/a$' out
}
