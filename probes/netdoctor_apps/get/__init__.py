"""A small client for lessons: it prints what a URL answers, or in one line why it does not."""
