# Builds, tests, shows and installs mailotp; the work itself is cargo's. `make help` lists it.

prefix  = /usr/local
bindir  = $(prefix)/bin
mandir  = $(prefix)/share/man
bashcompdir = $(prefix)/share/bash-completion/completions
zshcompdir  = $(prefix)/share/zsh/site-functions
fishcompdir = $(prefix)/share/fish/vendor_completions.d
unitdir = $(prefix)/lib/systemd/system
hooksdir = $(prefix)/share/mailotp/hooks
sqldir  = $(prefix)/share/mailotp/postgresql
DESTDIR =

CARGO   = cargo
INSTALL = install
# The demo starts a real mail server in namespaces of its own, which only root may.
SUDO    = $(shell [ "$$(id -u)" -eq 0 ] || echo sudo)

TARGET  = $(or $(CARGO_TARGET_DIR),target)
COMMAND = $(TARGET)/release/mailotp-cli
MODULE  = $(TARGET)/release/libpam_mailotp.so
SOURCES = $(shell find mailotp-core mailotp-cli pam_mailotp -name '*.rs' -o -name Cargo.toml) \
          Cargo.toml Cargo.lock

# Where libpam of this distribution looks for modules: Debian's folder is named after the machine,
# Fedora's and SUSE's after the word size. Override it with PAMDIR=…
MULTIARCH = $(shell gcc -print-multiarch 2>/dev/null || dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null)
PAMDIR    = $(firstword $(patsubst %/,%,$(dir $(wildcard $(addsuffix /security/pam_deny.so,\
            $(and $(MULTIARCH),/usr/lib/$(MULTIARCH) /lib/$(MULTIARCH)) /usr/lib64 /usr/lib /lib64 /lib)))))

# FEATURES=postgres: with the store of several machines.
FEATURES =

# What makes the module and the command speak PostgreSQL.
POSTGRES = pam_mailotp/postgres,mailotp-cli/postgres

VERSION = $(shell sed -n '/^.workspace.package/,/^$$/s/^version = "\(.*\)"/\1/p' Cargo.toml)

# On a Debian rpm knows of no packages: RPMFLAGS=--nodeps there.
RPMFLAGS = $(shell [ -e /etc/debian_version ] && echo --nodeps)

# What the command says to a database when it makes a store there.
SQL = $(addprefix mailotp-core/src/store/postgres/,schema.sql grants.sql)

# No path of this machine is in it.
RELEASE = RUSTFLAGS="$$(packaging/rustflags '$(CURDIR)' '$(abspath $(TARGET))')" \
          $(CARGO) build --release --locked --package pam_mailotp --package mailotp-cli $(addprefix --features ,$(FEATURES))

# For how many seconds `make fuzz` runs each of its targets. KEEP=1: what it has found interesting is kept.
SECONDS = 3600
export KEEP
# How many times as many histories `make histories` makes up as `make test`.
HISTORIES = 100
# More for cargo-mutants: MUTANTS='--file mailotp-core/src/window.rs'.
MUTANTS =
# How many accounts `make bench` logs in among. QUICK=1: a short look, for who develops.
ACCOUNTS = 1000000
QUICK =
# How often `make ha` has a server die, or a standby take over.
ROUNDS = 50
# How many crowds of each kind `make races` has.
RACES = 1000

.PHONY: help build dependencies products test ha servers proof crashes races endurance valgrind sanitize equal lint deb test-deb reproducible deny notices sbom dist rpm demo test-webmail demo-webmail bench fuzz mutants coverage histories install uninstall

help:
	@echo 'make build      the module and the command, optimised, in $(TARGET)/release'
	@echo 'make test       lints and all tests; installs the packages they need, and says which'
	@echo 'make ha         database servers that die and are replaced, ROUNDS ($(ROUNDS)) times'
	@echo 'make proof      what make test tries in short, at its full length: it takes hours'
	@echo 'make servers    the recipes for Courier, Cyrus and Dovecot 2.4, each in a Debian of its own (needs debootstrap, setools, bzip2)'
	@echo 'make demo       the main job from end to end against a real Dovecot, told as it goes'
	@echo 'make test-webmail  the plugin for Roundcube, in a real browser (needs Chromium)'
	@echo 'make demo-webmail  leaves that webmail running, on loopback, for you to try'
	@echo 'make bench      what one login of each kind costs, beside peers and goals; tables in $(TARGET)/bench'
	@echo 'make fuzz       feeds what reads the bytes of strangers, each for SECONDS ($(SECONDS))'
	@echo 'make mutants    changes decisions, rules, windows and budgets, and looks whether a test fails (takes hours; needs cargo-mutants)'
	@echo 'make coverage   how many lines of core and module the tests run: at least 95 of a hundred (needs llvm-tools)'
	@echo 'make histories  logins at the same time on each store, against a model, HISTORIES ($(HISTORIES)) times'
	@echo 'make lint       formatting and clippy'
	@echo 'make deb        the Debian packages, in $(TARGET)/deb, and what lintian says of them'
	@echo 'make test-deb   installs, upgrades and removes them in a Debian of its own, with a real Dovecot'
	@echo 'make reproducible  builds the packages once more, elsewhere, and compares them byte by byte'
	@echo 'make deny       licences and sources of the dependencies (needs cargo-deny)'
	@echo 'make notices    the licences of others, anew, after a dependency has changed'
	@echo 'make sbom       a bill of materials of the binaries, CycloneDX, in $(TARGET)'
	@echo 'make dist       the sources as a tarball, in $(TARGET), for rpm, PKGBUILD and APKBUILD'
	@echo 'make rpm        RPM packages, in $(TARGET)/rpm (needs rpm, rpmlint)'
	@echo 'make install    into DESTDIR, prefix ($(prefix)) and PAMDIR ($(PAMDIR))'
	@echo 'make uninstall  takes the module and the command away again'

build:
	@tests/install-dependencies --build
	$(FORGET) --release
	$(RELEASE)

dependencies:
	@tests/install-dependencies

# With other features first: only what they change is built again, and the plain products stay where they are. Cargo gives the
# module of every build the same name, and takes the one that is there for the one that it was asked for: it is taken away
# in between.
FORGET = $(CARGO) clean --quiet --package pam_mailotp
PRODUCTS = libpam_mailotp.so mailotp-cli
products:
	$(FORGET)
	$(CARGO) build --workspace --locked --no-default-features
	$(INSTALL) -D -t '$(TARGET)/debug/system-sqlite' $(addprefix $(TARGET)/debug/,$(PRODUCTS))
	$(FORGET)
	$(CARGO) build --workspace --locked --features $(POSTGRES)
	$(INSTALL) -D -t '$(TARGET)/debug/with-postgres' $(addprefix $(TARGET)/debug/,$(PRODUCTS))
	$(FORGET)
	$(CARGO) build --workspace --locked

test: dependencies lint products
	$(CARGO) test --workspace --locked
	$(CARGO) test --workspace --locked --features $(POSTGRES) --lib -- store::postgres store::transfer config:: location:: site::
	$(FUZZ) 3 '$(FUZZED)/findings'

# The same tests with more rounds: servers that die, and standbys that take over.
ha: dependencies products
	MAILOTP_ROUNDS=$(ROUNDS) $(CARGO) test --package mailotp-tests --locked --test pam --test e2e -- postgres::

# The long forms, each of which can be asked for alone; tests/proof.md says what they prove.
proof: crashes races endurance valgrind sanitize equal

# A login is killed, and fails, at each of its system calls, and the power goes between any two of its writes.
crashes: dependencies products
	MAILOTP_PROOF=1 $(CARGO) test --package mailotp-tests --locked --test pam -- crashes:: faults:: power::

# Eight processes with 32 threads each, all with one fresh code, RACES times for each kind.
races: dependencies products
	MAILOTP_PROOF=1 MAILOTP_ROUNDS=$(RACES) $(CARGO) test --package mailotp-tests --locked --test pam -- crowds::

# A hundred thousand logins in one process, for 50 rounds.
endurance: dependencies products
	MAILOTP_ROUNDS=$(ROUNDS) $(CARGO) test --package mailotp-tests --locked --test pam -- hosts::

# Valgrind looks at every host of the suite. Left out is what measures time, and what looks itself.
valgrind: dependencies products
	MAILOTP_MEMCHECK=1 $(CARGO) test --package mailotp-tests --locked --test pam -- --skip equal:: --skip secrets:: \
		--skip loading:: --skip rules::four_times --skip thousands

# Module, SQLite in it and host with AddressSanitizer and LeakSanitizer, which the stable compiler has, and keeps for
# itself. A target of its own: its products are of another kind. The witness and strace do not go with it; neither does a
# host that ignores its children, for one of which LeakSanitizer waits; pam_oath, which keeps the answers that it is given;
# and ten thousand loads, with each of which the sanitizer grows. Memory that was given back is kept from use for a while:
# here for so short a while that what is lost shows.
SANITIZED = $(abspath $(TARGET))/sanitized
TRIPLE    = $(shell rustc -vV | sed -n 's/^host: //p')
sanitize: dependencies products
	RUSTC_BOOTSTRAP=1 RUSTFLAGS='-Zsanitizer=address -Clink-arg=-rdynamic' CFLAGS='-fsanitize=address -fno-omit-frame-pointer' \
		CARGO_TARGET_DIR='$(SANITIZED)' $(CARGO) build --locked --target $(TRIPLE) --package pam_mailotp --package mailotp-tests
	cp '$(TARGET)/debug/mailotp-cli' '$(SANITIZED)/$(TRIPLE)/debug'
	ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64 \
		MAILOTP_PRODUCTS='$(SANITIZED)/$(TRIPLE)/debug' $(CARGO) test --package mailotp-tests --locked --test pam -- \
		--skip postgres:: --skip equal:: --skip secrets:: --skip memcheck:: --skip loading:: \
		--skip ignores_its_children --skip what_pam_oath --skip ten_thousand_times

# Whether the time of a login tells who has an account.
equal: dependencies
	$(FORGET) --release
	$(CARGO) build --release --locked --package pam_mailotp --package mailotp-cli --package mailotp-tests
	$(TARGET)/release/mailotp-bench equal

# Not among the tests: the first time it downloads three Debians, of some 200 MB each.
servers: dependencies
	$(CARGO) build --workspace --locked
	$(SUDO) env 'PATH=$(PATH)' $(CARGO) test --package mailotp-tests --locked --test servers

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --workspace --all-targets --locked --features $(POSTGRES) -- -D warnings
	$(CARGO) clippy --package mailotp-tests --locked --test servers --test deb --test webmail -- -D warnings
	$(CARGO) clippy --workspace --locked --no-default-features -- -D warnings

# Nothing above "info" that is not answered in packaging/deb/debian/lintian-overrides.
deb:
	@tests/install-dependencies --package
	packaging/deb/build --output '$(TARGET)/deb'
	lintian --fail-on error,warning --tag-display-limit 0 '$(TARGET)'/deb/mailotp_*.changes

# The same bytes, whoever builds them and where.
reproducible: deb
	packaging/deb/reproducible '$(TARGET)/deb'

# A Debian of its own for each test, from where this machine's apt fetches its packages; `rm -r $(TARGET)/deb-root` makes
# it anew.
test-deb: deb
	$(SUDO) tests/deb/root '$(TARGET)/deb-root'
	tests/deb/next-version '$(TARGET)/deb-next-sources'
	packaging/deb/build --sources '$(abspath $(TARGET))/deb-next-sources' --output '$(TARGET)/deb-next'
	$(CARGO) build --workspace --locked
	$(SUDO) env "PATH=$$PATH" MAILOTP_DEB_ROOT='$(abspath $(TARGET))/deb-root' MAILOTP_DEBS='$(abspath $(TARGET))/deb' \
		MAILOTP_DEBS_NEXT='$(abspath $(TARGET))/deb-next' $(CARGO) test --locked --package mailotp-tests --test deb

deny:
	@$(CARGO) deny --version >/dev/null 2>&1 || \
		{ echo 'cargo-deny is missing: cargo install --locked cargo-deny' >&2; exit 1; }
	$(CARGO) deny check bans licenses sources

# From what cargo knows of itself, without another tool to be installed. A test says when it is out of date.
notices:
	packaging/inventory notices >packaging/THIRD-PARTY-NOTICES.new
	mv packaging/THIRD-PARTY-NOTICES.new packaging/THIRD-PARTY-NOTICES

sbom:
	@mkdir -p '$(TARGET)'
	packaging/inventory sbom >'$(TARGET)/mailotp-$(VERSION).cdx.json'

# Of what is committed.
TARBALL = $(TARGET)/mailotp-$(VERSION).tar.gz
dist:
	@mkdir -p '$(TARGET)'
	git archive --format=tar.gz --prefix='mailotp-$(VERSION)/' --output='$(TARBALL)' HEAD

# cargo fetches what Cargo.lock names; without a network, `cargo vendor` comes before.
rpm: dist
	@rpmbuild --version >/dev/null 2>&1 || { echo 'rpmbuild is missing: apt-get install rpm' >&2; exit 1; }
	@mkdir -p '$(TARGET)/rpm/SOURCES'
	cp '$(TARBALL)' '$(TARGET)/rpm/SOURCES'
	CARGO_TARGET_DIR='$(abspath $(TARGET))/rpm/cargo' rpmbuild -bb $(RPMFLAGS) \
		--define '_topdir $(abspath $(TARGET))/rpm' packaging/rpm/mailotp.spec
	rpmlint --strict --config packaging/rpm/rpmlint.toml packaging/rpm/mailotp.spec '$(TARGET)'/rpm/RPMS/*/mailotp-*$(VERSION)-*.rpm \
		'$(TARGET)'/rpm/RPMS/*/pam_mailotp-$(VERSION)-*.rpm

demo: dependencies
	$(CARGO) build --workspace --locked
	$(SUDO) $(TARGET)/debug/mailotp-demo

# A real Roundcube, a real browser. Pictures of the pages are in $(TARGET)/debug/webmail.
test-webmail:
	@tests/install-dependencies --webmail
	$(CARGO) build --workspace --locked
	$(CARGO) test --package mailotp-tests --locked --test webmail

demo-webmail:
	@tests/install-dependencies --webmail
	$(CARGO) build --workspace --locked
	$(SUDO) $(TARGET)/debug/mailotp-demo-webmail

# One build of all: the programs of the bench lie beside the module and the command.
bench: dependencies
	$(FORGET) --release
	$(CARGO) build --release --locked --workspace --features $(POSTGRES)
	$(INSTALL) -D -t '$(TARGET)/release/with-postgres' $(addprefix $(TARGET)/release/,$(PRODUCTS))
	$(FORGET) --release
	$(CARGO) build --release --locked --workspace
	$(SUDO) $(TARGET)/release/mailotp-bench $(if $(QUICK),quick,beside) '$(TARGET)/bench'
	$(if $(QUICK),,$(TARGET)/release/mailotp-bench)
	$(if $(QUICK),,$(TARGET)/release/mailotp-scale $(ACCOUNTS))

# libFuzzer on the stable compiler: these are the flags that cargo-fuzz builds with, without a sanitizer.
FUZZED     = $(abspath $(TARGET))/fuzz
COVERED    = -Cpasses=sancov-module -Ccodegen-units=1 --cfg fuzzing \
             $(addprefix -Cllvm-args=-sanitizer-coverage-,level=4 inline-8bit-counters pc-table trace-compares)
FUZZ       = RUSTFLAGS='$(COVERED)' CARGO_TARGET_DIR='$(FUZZED)' $(CARGO) build --release --locked --target $(TRIPLE) \
             --manifest-path tests/fuzz/Cargo.toml && tests/fuzz/run '$(FUZZED)/$(TRIPLE)/release'
fuzz: dependencies
	$(FUZZ) $(SECONDS) '$(FUZZED)/findings'

# What is changed, and which changes may survive, stands in .cargo/mutants.toml. A test that has failed is enough:
# the runner asks the test program to stop there, which stable Rust gives to nobody else.
mutants:
	@$(CARGO) mutants --version >/dev/null 2>&1 || \
		{ echo 'cargo-mutants is missing: cargo install --locked cargo-mutants' >&2; exit 1; }
	CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='env RUSTC_BOOTSTRAP=1' $(CARGO) mutants --package mailotp-core \
		--output '$(TARGET)' $(MUTANTS) -- --lib -- -Z unstable-options --fail-fast

# Lines of the core and of the module that tests run.
coverage: dependencies
	tests/coverage '$(abspath $(TARGET))/coverage' 95

# The stores against the model of the contract, HISTORIES times as often as `make test`.
histories:
	MAILOTP_HISTORIES=$(HISTORIES) $(CARGO) test --locked --package mailotp-core --features postgres --lib -- model_says

# Only when a source is newer: `sudo make install` after `make build` needs no compiler.
$(MODULE): $(COMMAND)
$(COMMAND): $(SOURCES)
	$(FORGET) --release
	$(RELEASE)
	@touch $(COMMAND) $(MODULE)

install: $(COMMAND) $(MODULE)
	@[ -n '$(PAMDIR)' ] || { echo 'No folder with PAM modules found: say PAMDIR=…' >&2; exit 1; }
	$(INSTALL) -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(PAMDIR)'
	$(INSTALL) -m 0755 '$(COMMAND)' '$(DESTDIR)$(bindir)/mailotp-cli'
	$(INSTALL) -m 0644 '$(MODULE)' '$(DESTDIR)$(PAMDIR)/pam_mailotp.so'
	$(INSTALL) -d '$(DESTDIR)$(mandir)/man5' '$(DESTDIR)$(mandir)/man8'
	$(INSTALL) -m 0644 packaging/man/*.5 '$(DESTDIR)$(mandir)/man5'
	$(INSTALL) -m 0644 packaging/man/*.8 '$(DESTDIR)$(mandir)/man8'
	'$(COMMAND)' man '$(DESTDIR)$(mandir)/man8'
	$(INSTALL) -d '$(DESTDIR)$(bashcompdir)' '$(DESTDIR)$(zshcompdir)' '$(DESTDIR)$(fishcompdir)'
	'$(COMMAND)' completions bash >'$(DESTDIR)$(bashcompdir)/mailotp-cli'
	'$(COMMAND)' completions zsh  >'$(DESTDIR)$(zshcompdir)/_mailotp-cli'
	'$(COMMAND)' completions fish >'$(DESTDIR)$(fishcompdir)/mailotp-cli.fish'
	$(INSTALL) -d '$(DESTDIR)$(unitdir)' '$(DESTDIR)$(hooksdir)'
	for unit in packaging/systemd/*; do \
		sed 's|/usr/bin/mailotp-cli|$(bindir)/mailotp-cli|' "$$unit" \
			>'$(DESTDIR)$(unitdir)'/"$${unit##*/}" || exit 1; \
	done
	$(INSTALL) -m 0755 packaging/hooks/* '$(DESTDIR)$(hooksdir)'
	$(INSTALL) -d '$(DESTDIR)$(sqldir)'
	$(INSTALL) -m 0644 $(SQL) '$(DESTDIR)$(sqldir)'

# Configuration, key and store stay. A PAM stack that still names the module refuses every login: first
# take it out of there.
uninstall:
	@[ -n '$(PAMDIR)' ] || { echo 'No folder with PAM modules found: say PAMDIR=…' >&2; exit 1; }
	@! grep -ls pam_mailotp '$(DESTDIR)'/etc/pam.d/* || \
		{ echo 'These PAM services still name the module: take it out first, or nobody can log in.' >&2; exit 1; }
	rm -f '$(DESTDIR)$(bindir)/mailotp-cli' '$(DESTDIR)$(PAMDIR)/pam_mailotp.so' \
		'$(DESTDIR)$(mandir)'/man8/mailotp-cli-*.8 '$(DESTDIR)$(bashcompdir)/mailotp-cli' \
		'$(DESTDIR)$(zshcompdir)/_mailotp-cli' '$(DESTDIR)$(fishcompdir)/mailotp-cli.fish' \
		$(patsubst packaging/man/%.5,'$(DESTDIR)$(mandir)/man5/%.5',$(wildcard packaging/man/*.5)) \
		$(patsubst packaging/man/%.8,'$(DESTDIR)$(mandir)/man8/%.8',$(wildcard packaging/man/*.8)) \
		$(patsubst packaging/systemd/%,'$(DESTDIR)$(unitdir)/%',$(wildcard packaging/systemd/*)) \
		$(patsubst packaging/hooks/%,'$(DESTDIR)$(hooksdir)/%',$(wildcard packaging/hooks/*)) \
		$(patsubst %,'$(DESTDIR)$(sqldir)/%',$(notdir $(SQL)))
