"""The commands, a module each: parse, call, print. Heavy imports come inside, so that `--help` is quick."""
