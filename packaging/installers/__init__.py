"""Makes the packages that people install. `packaging/make_installer.sh` runs it in an environment of its own."""
