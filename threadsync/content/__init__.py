"""Files to posts, with a finding (file, line, column, rule, remedy) for everything that is wrong."""
