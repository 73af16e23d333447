# SPDX-License-Identifier: MIT
from django.db import models


class Counter(models.Model):
    name = models.CharField(max_length=40, unique=True)
    value = models.IntegerField(default=0)
