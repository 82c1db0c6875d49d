# Builds, tests, shows and installs mailotp; the work itself is cargo's. `make help` lists it.

prefix  = /usr/local
bindir  = $(prefix)/bin
mandir  = $(prefix)/share/man
bashcompdir = $(prefix)/share/bash-completion/completions
zshcompdir  = $(prefix)/share/zsh/site-functions
fishcompdir = $(prefix)/share/fish/vendor_completions.d
unitdir = $(prefix)/lib/systemd/system
hooksdir = $(prefix)/share/mailotp/hooks
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

# No path of this machine is in it.
RELEASE = RUSTFLAGS="$$(packaging/rustflags '$(CURDIR)' '$(abspath $(TARGET))')" \
          $(CARGO) build --release --locked --package pam_mailotp --package mailotp-cli

# How many messages `make fuzz` makes up for each of its properties.
CASES = 100000

.PHONY: help build dependencies test system-sqlite lint deb test-deb reproducible deny demo bench fuzz install uninstall

help:
	@echo 'make build      the module and the command, optimised, in $(TARGET)/release'
	@echo 'make test       lints and all tests; installs the packages they need, and says which'
	@echo 'make demo       the main job from end to end against a real Dovecot, told as it goes'
	@echo 'make bench      what one login of each kind costs'
	@echo 'make fuzz       what the helper reads, made up CASES ($(CASES)) times'
	@echo 'make lint       formatting and clippy'
	@echo 'make deb        the Debian packages, in $(TARGET)/deb, and what lintian says of them'
	@echo 'make test-deb   installs, upgrades and removes them in a Debian of its own, with a real Dovecot'
	@echo 'make reproducible  builds the packages once more, elsewhere, and compares them byte by byte'
	@echo 'make deny       licences and sources of the dependencies (needs cargo-deny)'
	@echo 'make install    into DESTDIR, prefix ($(prefix)) and PAMDIR ($(PAMDIR))'
	@echo 'make uninstall  takes the module and the command away again'

build:
	@tests/install-dependencies --build
	$(RELEASE)

dependencies:
	@tests/install-dependencies

# `cargo test` does not put the module and the command beside the tests that use them: `cargo build` does.
test: dependencies lint system-sqlite
	$(CARGO) test --workspace --locked

# The build on the distribution's SQLite for the tests, and then the one with SQLite in it: the first in a folder of
# its own, the second where `cargo build` puts it. Cargo gives the module of every build the same name, and takes the one
# that is there for the one that it was asked for: it is taken away in between.
system-sqlite:
	$(CARGO) clean --quiet --package pam_mailotp
	$(CARGO) build --workspace --locked --no-default-features
	$(INSTALL) -D -t '$(TARGET)/debug/system-sqlite' '$(TARGET)/debug/mailotp-cli' '$(TARGET)/debug/libpam_mailotp.so'
	$(CARGO) clean --quiet --package pam_mailotp
	$(CARGO) build --workspace --locked

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --package mailotp-tests --locked --test deb -- -D warnings
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

demo: dependencies
	$(CARGO) build --workspace --locked
	$(SUDO) $(TARGET)/debug/mailotp-demo

# One build of all three: the programs of the bench lie beside the module and the command.
bench: dependencies
	$(CARGO) build --release --locked --workspace
	$(TARGET)/release/mailotp-bench

# The same properties that `make test` holds a few hundred times.
fuzz:
	PROPTEST_CASES=$(CASES) $(CARGO) test --locked --workspace --lib --bins helper::

# Only when a source is newer: `sudo make install` after `make build` needs no compiler.
$(MODULE): $(COMMAND)
$(COMMAND): $(SOURCES)
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
		$(patsubst packaging/hooks/%,'$(DESTDIR)$(hooksdir)/%',$(wildcard packaging/hooks/*))
