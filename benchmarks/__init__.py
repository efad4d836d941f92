"""Speed of the addon, printed as ratios against a yardstick measured in the same run on the same database."""
