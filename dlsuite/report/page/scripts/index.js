// The index over studies.

startTheme();
