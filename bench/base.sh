#!/usr/bin/env bash
# Builds another commit's latchkey into target/base, to be measured beside this tree's. Usage: base.sh COMMIT.
set -eu
commit=$(git rev-parse --verify "$1^{commit}")
tree=target/base/tree
mkdir -p target/base
if [ -d "$tree" ]; then git -C "$tree" checkout --quiet --detach "$commit"; else git worktree add --quiet --detach "$tree" "$commit"; fi
cargo build --release --package latchkey --manifest-path "$tree/Cargo.toml" --target-dir target/base/target
cp target/base/target/release/latchkey target/base/latchkey
