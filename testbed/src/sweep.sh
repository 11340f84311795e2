# Removes a state folder once the owner has let go of this shell's standard input, or is gone.
read -r _
tries=100
while [ -e "$1" ] && [ "$tries" -gt 0 ]; do
    rm -rf "$1" 2>/dev/null || sleep 0.1 # A component that is still stopping may write once more.
    tries=$((tries - 1))
done
