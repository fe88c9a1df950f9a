"""Looking for what is wrong with the data: wrong labels, copies, leaks, outliers and bad pictures."""
