# Prints the targets of a Makefile that carry a "## what it does" comment, under the
# "##@ heading" they stand below.
BEGIN { FS = ":.*## " }
/^##@ / { printf "\n%s\n", substr($0, 5) }
/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $1, $2 }
