# The same questions put to quanteda, from its ready tokens: a line for each question as in ask.py.
# Rscript ask.R FOLDER, with what `export` of __main__.py wrote there.
suppressWarnings(suppressMessages(library(quanteda)))
quanteda_options(threads = 2)
folder <- commandArgs(trailingOnly = TRUE)[1]
lines <- readLines(file.path(folder, "types.txt"), encoding = "UTF-8", warn = FALSE)
toks <- as.tokens(strsplit(lines, " ", fixed = TRUE))
sentences <- readLines(file.path(folder, "sentences.txt"), encoding = "UTF-8", warn = FALSE)
sents <- as.tokens(strsplit(sentences, " ", fixed = TRUE))
about <- read.csv(file.path(folder, "documents.csv"), colClasses = "character")
rules <- read.csv(file.path(folder, "rules.csv"), colClasses = "character")
terms <- readLines(file.path(folder, "terms.txt"))
keyword <- readLines(file.path(folder, "keyword.txt"))
frames <- dictionary(split(rules$rule, rules$frame))
each <- dictionary(as.list(setNames(terms, terms)))
docvars(toks, "cell") <- paste(substr(about$date, 1, 7), about$source, sep = "|")
docvars(toks, "mine") <- about$source == "Agency A"

ask <- list(
  trends = function() {
    counts <- dfm(tokens_lookup(toks, each, valuetype = "glob", case_insensitive = TRUE))
    counts <- as.matrix(dfm_group(counts, docvars(toks, "cell")))
    c(sum(counts), sum(counts^2))
  },
  keyness = function() {
    counts <- dfm_group(dfm(toks, tolower = FALSE), docvars(toks, "mine"))
    y <- as.numeric(counts["TRUE", ]); r <- as.numeric(counts["FALSE", ])
    a <- (y + r) / sum(y + r) * 500
    delta <- log((y + a) / (sum(y) + sum(a) - y - a)) - log((r + a) / (sum(r) + sum(a) - r - a))
    z <- delta / sqrt(1 / (y + a) + 1 / (r + a))
    c(length(z), round(sum(abs(z)), 3))
  },
  concordance = function() {
    found <- kwic(toks, keyword, window = 5, valuetype = "fixed")
    c(nrow(found), nrow(found))
  },
  frames = function() {
    coded <- dfm(tokens_lookup(sents, frames, valuetype = "glob", case_insensitive = TRUE))
    c(nrow(coded), colSums(coded > 0))
  }
)
source <- file("stdin")
open(source)
cat("ready\n"); flush(stdout())
while (length(name <- readLines(source, n = 1)) > 0) {
  begun <- proc.time()[["elapsed"]]
  result <- ask[[name]]()
  seconds <- proc.time()[["elapsed"]] - begun
  cat(sprintf('{"seconds": %.4f, "result": [%s]}\n', seconds, paste(format(unname(result), digits = 15, trim = TRUE), collapse = ", ")))
  flush(stdout())
}
