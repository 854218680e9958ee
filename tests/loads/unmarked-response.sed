s/const volatile struct wire_response \*shared/const struct wire_response *shared/
