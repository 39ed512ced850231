# quanteda: tokens of a corpus, one document a line (\x1f for its newlines).
# Rscript build.R same|own FILE: tokens by the same definition, or quanteda's own.
suppressWarnings(suppressMessages(library(quanteda)))
quanteda_options(threads = 2)
given <- commandArgs(trailingOnly = TRUE)
texts <- readLines(given[2], encoding = "UTF-8", warn = FALSE)
pattern <- "\\p{L}(?:\\.\\p{L})+\\.?|[\\p{L}\\p{M}\\p{Nd}]+(?:['\u2019\u02bc\uff07][\\p{L}\\p{M}\\p{Nd}]+)*"
if (given[1] == "same") {
  toks <- as.tokens(stringi::stri_extract_all_regex(texts, pattern, omit_no_match = TRUE))
} else {
  toks <- tokens(texts)
}
cat(sum(ntoken(toks)), "\n")
